return Calltap.Cli.CommandLine.Run(args);
