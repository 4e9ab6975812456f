namespace Calltap.Managed;

/// <summary>Commands of the set "EventPipe" (ipc-protocol.md).</summary>
static class EventPipeCommand
{
    public const byte Set = 0x02;
    public const byte StopTracing = 0x01;
    public const byte CollectTracing4 = 0x05; // .NET 9
}
