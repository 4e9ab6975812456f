using System.Diagnostics;
using System.IO.MemoryMappedFiles;

namespace Calltap.Fuzz;

/// <summary>
/// The driver without coverage: inputs made from the seeds and the corpus. Input number n depends on the seed and n alone, so that each can
/// be made again.
/// </summary>
sealed class FuzzRun
{
    static readonly TimeSpan s_hang = TimeSpan.FromSeconds(60);

    readonly IFuzzTarget _target;
    readonly int _seed;
    readonly byte[][] _pool;
    long _started;
    long _number;

    public FuzzRun(IFuzzTarget target, int seed)
    {
        _target = target;
        _seed = seed;
        _pool = [.. target.MakeSeeds(), .. Corpus.Of(target.Name).Select(input => input.Bytes)];
    }

    /// <summary>The faults found, each once, with the number of the input that showed it.</summary>
    public Dictionary<string, (long Number, Fault Fault, byte[] Input)> Faults { get; } = [];

    /// <summary>Runs inputs <paramref name="first"/> and so on.</summary>
    /// <param name="first">Number of the first.</param>
    /// <param name="count">How many.</param>
    /// <param name="progress">A file that has the number of the input at work, for a process that died of one; null for none.</param>
    public void Run(long first, long count, string? progress)
    {
        using MemoryMappedFile? file = progress is null ? null : MemoryMappedFile.CreateFromFile(progress, FileMode.Create, null, sizeof(long));
        using MemoryMappedViewAccessor? view = file?.CreateViewAccessor();
        using var watch = new Timer(_ => EndHang(), null, s_hang, s_hang);
        for (_number = first; _number < first + count; _number++)
        {
            view?.Write(0, _number);
            byte[] input = Make(_number);
            Volatile.Write(ref _started, Stopwatch.GetTimestamp());
            if (InputCheck.Run(_target, input) is { } fault) Faults.TryAdd(fault.Kind, (_number, fault, input));
            Volatile.Write(ref _started, 0);
        }
    }

    /// <summary>The input of that number.</summary>
    public byte[] Make(long number)
    {
        var random = new Random(unchecked((int)(_seed * 0x9E3779B1L + number * 0x85EBCA6BL)));
        byte[] input = _pool[random.Next(_pool.Length)], other = _pool[random.Next(_pool.Length)];
        for (int rounds = random.Next(1, 4); rounds > 0; rounds--)
            input = random.Next(3) == 0 ? Mutator.Havoc(input, other, random, _target.MaxInput) : _target.Mutate(input, other, random);
        if (input.Length > _target.MaxInput) input = input[.._target.MaxInput];
        return random.Next(16) == 0 ? input : _target.Repair(input);
    }

    // There is no way back out of it.
    void EndHang()
    {
        long started = Volatile.Read(ref _started);
        if (started == 0 || Stopwatch.GetElapsedTime(started) < s_hang) return;
        Console.Error.WriteLine($"{_target.Name}: input {_number} of seed {_seed} does not end");
        Environment.Exit(3);
    }
}
