namespace Calltap.LiveTests.Harmless;

/// <summary>A trace file in memory whose writes wait while it is held, as those to a disk may for seconds.</summary>
sealed class HeldFile : MemoryStream
{
    readonly ManualResetEventSlim _open = new(true);

    public void Hold() => _open.Reset();

    public void LetGo() => _open.Set();

    public override void Write(byte[] buffer, int offset, int count) // the other Write comes here
    {
        _open.Wait();
        base.Write(buffer, offset, count);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _open.Dispose();
        base.Dispose(disposing);
    }
}
