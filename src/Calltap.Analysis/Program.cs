using System.Text;
using Calltap.Analysis.Queries;

var utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
using var log = new StreamWriter(Console.OpenStandardError(), utf8) { AutoFlush = true, NewLine = "\n" };
using var input = new StreamReader(Console.OpenStandardInput(), utf8);
using Stream output = StandardOutput.Open();
return new QueryProgram(input, output, log, !Console.IsInputRedirected).Run(args);
