namespace Calltap.Managed;

/// <summary>Commands of the set "Process" (ipc-protocol.md).</summary>
static class ProcessCommand
{
    public const byte Set = 0x04;
    public const byte Info = 0x00;
    public const byte Info2 = 0x04; // .NET 6
    public const byte EnablePerfMap = 0x05; // .NET 8
    public const byte DisablePerfMap = 0x06;
    public const byte Info3 = 0x08; // .NET 8
}
