using System.Security.Cryptography;
using System.Text;

namespace Calltap.Cli.Demo;

/// <summary>
/// A program made from generated sources: compiled in parallel, and kept in a cache folder under the hash of all that went into it.
/// </summary>
/// <param name="name">The program's file name.</param>
/// <param name="sources">Its files.</param>
/// <param name="linkFlags">Options for the link, separated by blanks.</param>
/// <param name="compiler">The C compiler; null for this machine's.</param>
public sealed class GeneratedProgram(string name, IReadOnlyList<SourceFile> sources, string linkFlags = "-lpthread", CCompiler? compiler = null)
{
    // One build at a time: each uses all CPUs, and a second build of the same program finds the first one's.
    static readonly Lock s_building = new();

    /// <summary>Returns the path of the built program, building it when the cache has none from the same sources.</summary>
    /// <param name="cacheDirectory">Where built programs are kept; created when missing.</param>
    /// <param name="progress">Told the compiled and the total number of files; called from several threads.</param>
    /// <exception cref="CompilerException">No compiler, or it refused a file.</exception>
    public string Build(string cacheDirectory, Action<int, int>? progress = null)
    {
        var c = compiler ?? CCompiler.FindC();
        var link = sources.Any(s => s.IsCxx) ? CCompiler.FindCxx() : c;
        var folder = Path.Combine(Path.GetFullPath(cacheDirectory), $"{name}-{Hash(link.Path)}");
        var program = Path.Combine(folder, name);
        lock (s_building)
        {
            if (!File.Exists(program))
                BuildInto(folder, c, link, progress);
        }
        return program;
    }

    void BuildInto(string folder, CCompiler c, CCompiler link, Action<int, int>? progress)
    {
        var work = $"{folder}.{Environment.ProcessId}";
        Directory.CreateDirectory(work);
        try
        {
            Compile(work, c, link, progress);
            Publish(work, folder);
        }
        finally
        {
            if (Directory.Exists(work))
                Directory.Delete(work, recursive: true);
        }
    }

    void Compile(string work, CCompiler c, CCompiler link, Action<int, int>? progress)
    {
        foreach (var source in sources)
            File.WriteAllText(Path.Combine(work, source.Name), source.Text);
        var units = sources.Where(s => s.IsTranslationUnit).ToArray();
        var done = 0;
        var limit = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount };
        try
        {
            Parallel.ForEach(units, limit, unit =>
            {
                (unit.IsCxx ? link : c).Run([.. Split(unit.Flags), "-c", unit.Name, "-o", ObjectName(unit)], work);
                progress?.Invoke(Interlocked.Increment(ref done), units.Length);
            });
        }
        catch (AggregateException several) when (several.InnerExceptions.OfType<CompilerException>().FirstOrDefault() is { } first)
        {
            throw new CompilerException(first.Message, first.Output);
        }
        link.Run(["-o", name, .. units.Select(ObjectName), .. Split(linkFlags)], work);
        foreach (var unit in units)
            File.Delete(Path.Combine(work, ObjectName(unit)));
    }

    // Another build of the same sources may have been first: its result is as good.
    static void Publish(string work, string folder)
    {
        try
        {
            Directory.Move(work, folder);
        }
        catch (IOException) when (Directory.Exists(folder))
        {
        }
    }

    string Hash(string linker)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        void Add(string text) => hash.AppendData(Encoding.UTF8.GetBytes($"{text.Length}:{text}"));
        Add(linker);
        Add(linkFlags);
        foreach (var source in sources)
        {
            Add(source.Name);
            Add(source.Flags);
            Add(source.Text);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 8));
    }

    static string ObjectName(SourceFile unit) => Path.ChangeExtension(unit.Name, ".o");

    static string[] Split(string flags) => flags.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
