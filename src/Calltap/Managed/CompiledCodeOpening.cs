using System.Diagnostics;
using Calltap.Target;

namespace Calltap.Managed;

/// <summary>
/// Asks a runtime that has just begun for what it compiles. Its socket comes some milliseconds later, and its answer may take long: that is waited for by a thread of its own.
/// </summary>
sealed class CompiledCodeOpening : IDisposable
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);
    static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(1);

    readonly CancellationTokenSource _over = new();
    readonly Task<CompiledCode> _opened;
    bool _taken, _disposed;

    CompiledCodeOpening(TargetProcess target, bool unloadsNothing) =>
        _opened = Task.Factory.StartNew(() => Open(target, unloadsNothing), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Begins to ask.</summary>
    public static CompiledCodeOpening Begin(TargetProcess target, bool unloadsNothing) => new(target, unloadsNothing);

    /// <summary>Whether it has answered, or nothing more is expected.</summary>
    public bool IsDone => _opened.IsCompleted;

    /// <summary>What has come of it, once: the caller's.</summary>
    /// <exception cref="DiagnosticsException">The runtime does not tell.</exception>
    public CompiledCode Take()
    {
        _taken = true;
        return _opened.GetAwaiter().GetResult();
    }

    CompiledCode Open(TargetProcess target, bool unloadsNothing)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
            try
            {
                return CompiledCode.Open(target, unloadsNothing);
            }
            catch (DiagnosticsException) when (!_over.IsCancellationRequested && Stopwatch.GetElapsedTime(start) < s_patience)
            {
                _over.Token.WaitHandle.WaitOne(s_pause);
            }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        _over.Cancel();
        try
        {
            if (!_taken) Take().Dispose();
        }
        catch (DiagnosticsException)
        {
            // It has never told.
        }
        _over.Dispose();
    }
}
