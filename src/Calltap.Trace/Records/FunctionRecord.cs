namespace Calltap.Trace;

/// <summary>A function that was armed at some time.</summary>
/// <param name="Id">What sites refer to; at most <see cref="TraceLimits.MaxFunctionId"/>.</param>
/// <param name="Module">Id of its <see cref="ModuleRecord"/>.</param>
/// <param name="Address">Start in the image.</param>
/// <param name="Size">Bytes of its body.</param>
/// <param name="Name">Linker name, or <c>module+0x1234</c>.</param>
/// <param name="Demangled">Name for people; empty when it is <paramref name="Name"/>.</param>
/// <param name="Flags">How it was armed.</param>
public sealed record FunctionRecord(
    FunctionId Id, int Module, ImageAddress Address, ByteSize Size, string Name, string Demangled, FunctionFlags Flags) : IRecord<FunctionRecord>
{
    static ChunkType IRecord<FunctionRecord>.Chunk => ChunkType.Functions;

    /// <summary>The name to show.</summary>
    public string DisplayName => Demangled.Length > 0 ? Demangled : Name;

    void IRecord<FunctionRecord>.Write(ByteWriter output)
    {
        output.Number((ulong)Id.Value);
        output.Number((ulong)Module);
        output.Number(Address.Value);
        output.Number((ulong)Size.Value);
        output.Number((ulong)Flags);
        output.Text(Name);
        output.Text(Demangled);
    }

    static FunctionRecord IRecord<FunctionRecord>.Read(ref ByteReader input)
    {
        var id = new FunctionId(input.Number(TraceLimits.MaxFunctionId, "a function id"));
        int module = input.Number(int.MaxValue, "a module id");
        var address = new ImageAddress(input.Number());
        var size = new ByteSize(input.Number(int.MaxValue, "a function size"));
        var flags = (FunctionFlags)input.Number(int.MaxValue, "function flags");
        return new FunctionRecord(id, module, address, size, input.Text(), input.Text(), flags);
    }
}
