using Calltap.Symbols;

namespace Calltap.Tests.Symbols;

/// <summary>A program compiled for one test, in a directory of its own.</summary>
internal sealed class Sample : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("calltap-symbols-");

    public string FilePath(string name) => Path.Combine(_directory.FullName, name);

    public string Compile(string source, string extension, params string[] options)
    {
        var file = FilePath($"sample.{extension}");
        File.WriteAllText(file, source);
        var output = FilePath("sample");
        Tool.Run(extension == "cc" ? "g++" : "gcc", [.. options, "-o", output, file]);
        return output;
    }

    public static ModuleSymbols Read(string path) => ModuleSymbolReader.Read(File.ReadAllBytes(path), path, Open);

    public static ModuleSymbols ReadAlone(string path) => ModuleSymbolReader.Read(File.ReadAllBytes(path), path, _ => null);

    public static ReadOnlyMemory<byte>? Open(string path) => File.Exists(path) ? File.ReadAllBytes(path) : (ReadOnlyMemory<byte>?)null;

    public void Dispose() => _directory.Delete(recursive: true);
}
