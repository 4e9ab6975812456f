namespace Calltap.Tests.Model;

/// <summary>Fields of a word.</summary>
static class Bits
{
    public static int Get(ulong word, int at, int width) => (int)(word >> at & Mask(width));

    public static ulong Set(ulong word, int at, int width, int value) =>
        (word & ~(Mask(width) << at)) | ((ulong)value << at);

    static ulong Mask(int width) => (1ul << width) - 1;
}
