using System.IO.Pipes;

namespace Calltap.Analysis.Queries;

/// <summary>
/// Leads what is written to a path to stdout. A path of stdout itself would not do: opened anew, a file that others append to is cut, and a socket can't be.
/// </summary>
sealed class OutputPipe : IDisposable
{
    readonly AnonymousPipeServerStream _read = new(PipeDirection.In);
    readonly Stream _output;
    readonly Thread _thread;
    readonly Action _stop;
    Exception? _failure;

    /// <summary>Begins; <paramref name="stop"/> is called when <paramref name="output"/> takes no more.</summary>
    public OutputPipe(Stream output, Action stop)
    {
        (_output, _stop) = (output, stop);
        _thread = new Thread(Copy) { Name = "query output", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Where to write to.</summary>
    public string Path => $"/proc/self/fd/{_read.ClientSafePipeHandle.DangerousGetHandle()}";

    /// <summary>Waits until all is through. To be called when the writer has closed the path.</summary>
    /// <exception cref="IOException">The output failed.</exception>
    public void Finish()
    {
        _read.DisposeLocalCopyOfClientHandle();
        _thread.Join();
        if (_failure is not null)
            throw new IOException(_failure.Message, _failure.HResult);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _read.DisposeLocalCopyOfClientHandle();
        _thread.Join();
        _read.Dispose();
    }

    void Copy()
    {
        try
        {
            _read.CopyTo(_output);
            _output.Flush();
        }
        catch (IOException e)
        {
            _failure = e;
            _stop();
            _read.CopyTo(Stream.Null); // the writer must not wait for us
        }
    }
}
