namespace Calltap.Symbols;

/// <summary>Where a .NET image has its metadata and what was compiled ahead of time (dotnet/runtime, inc/readytorun.h; ECMA-335 II.25.3.3).</summary>
/// <param name="Metadata">The metadata.</param>
/// <param name="RuntimeFunctions">All pieces of code that have unwind data of their own.</param>
/// <param name="EntryPoints">The piece that each method begins with.</param>
/// <param name="InstanceEntryPoints">The same of the instances of generic methods.</param>
internal sealed record ReadyToRunHeader(DataDirectory Metadata, DataDirectory RuntimeFunctions, DataDirectory EntryPoints, DataDirectory InstanceEntryPoints)
{
    private const uint Signature = 0x0052_5452; // "RTR"
    private const uint ComponentFlag = 0x20;
    private const uint ComponentAssemblies = 115, RuntimeFunctionsType = 102, MethodDefEntryPoints = 103, InstanceEntryPointsType = 109;
    private const int MetadataAt = 8, ManagedNativeHeaderAt = 64;

    /// <exception cref="ElfFormatException">It has no such code, or of a kind that is not read.</exception>
    public static ReadyToRunHeader Read(PeImage image, ElfLimits limits)
    {
        if (image.CliHeader.IsEmpty)
            throw new ElfFormatException(image.Path, 0, "an assembly of .NET");
        var cli = image.Cursor(image.CliHeader, "the header of .NET");
        cli.Seek(MetadataAt);
        var metadata = DataDirectory.Read(ref cli);
        cli.Seek(ManagedNativeHeaderAt);
        var native = DataDirectory.Read(ref cli);
        if (native.IsEmpty)
            throw cli.Fault("code compiled ahead of time (ReadyToRun)");
        var sections = ReadSections(image, native, limits);
        return new(
            metadata, sections.GetValueOrDefault(RuntimeFunctionsType), sections.GetValueOrDefault(MethodDefEntryPoints),
            sections.GetValueOrDefault(InstanceEntryPointsType));
    }

    private static Dictionary<uint, DataDirectory> ReadSections(PeImage image, DataDirectory native, ElfLimits limits)
    {
        var header = image.Cursor(native, "the ReadyToRun header");
        if (header.U32() != Signature)
            throw header.Fault("the signature RTR");
        header.U32(); // version
        var isComponent = (header.U32() & ComponentFlag) != 0;
        var count = header.U32();
        if (count > limits.Sections)
            throw header.Fault($"at most {limits.Sections} sections");
        var sections = new Dictionary<uint, DataDirectory>();
        for (var i = 0; i < count; i++)
            sections[header.U32()] = DataDirectory.Read(ref header);
        return isComponent || sections.ContainsKey(ComponentAssemblies)
            ? throw new ElfFormatException(image.Path, image.OffsetOf(native.Address), "an image of one assembly, not a composite one or a part of it, in the ReadyToRun header") { IsComposite = true }
            : sections;
    }
}
