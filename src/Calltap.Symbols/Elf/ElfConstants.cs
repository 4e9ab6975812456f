namespace Calltap.Symbols;

/// <summary>Numbers of the ELF specification (gABI chapters 4 and 5, x86-64 psABI chapter 4), under the names they have there.</summary>
internal static class ElfConstants
{
    public const int EhdrSize = 64;
    public const int PhdrSize = 56;
    public const int ShdrSize = 64;
    public const int SymSize = 24;
    public const int RelaSize = 24;

    public const ushort EtExec = 2;
    public const ushort EtDyn = 3;
    public const ushort EmX8664 = 62;
    public const uint PnXnum = 0xFFFF;
    public const uint ShnXindex = 0xFFFF;

    public const uint PtLoad = 1;
    public const uint PtDynamic = 2;
    public const uint PtInterp = 3;
    public const uint PtNote = 4;
    public const uint PtGnuEhFrame = 0x6474E550;
    public const uint PfX = 1;
    public const uint PfW = 2;
    public const uint PfR = 4;

    public const uint ShtSymtab = 2;
    public const uint ShtRela = 4;
    public const uint ShtNote = 7;
    public const uint ShtNobits = 8;
    public const uint ShtDynsym = 11;
    public const uint ShtRelr = 19;
    public const ulong ShfAlloc = 2;
    public const ulong ShfExecinstr = 4;

    public const ushort ShnUndef = 0;
    public const byte SttNotype = 0;
    public const byte SttFunc = 2;
    public const byte SttSection = 3;
    public const byte SttFile = 4;
    public const byte SttTls = 6;
    public const byte SttGnuIfunc = 10;
    public const byte StbLocal = 0;
    public const byte StbGlobal = 1;
    public const byte StbWeak = 2;

    public const ulong DtRela = 7;
    public const ulong DtRelaSize = 8;
    public const ulong DtPltrelSize = 2;
    public const ulong DtTextrel = 22;
    public const ulong DtJmprel = 23;
    public const ulong DtFlags = 30;
    public const ulong DtRelrSize = 35;
    public const ulong DtRelr = 36;
    public const ulong DfTextrel = 4;

    public const uint RX8664Relative = 8;
    public const uint RX8664Irelative = 37;
    public const uint NtGnuBuildId = 3;
}
