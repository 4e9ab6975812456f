using System.Buffers.Binary;

namespace Calltap.Code.Emit;

/// <summary>
/// The window table: a batch as the target itself knows it. By it the trap handler (<see cref="TrapHandlerEmitter"/>)
/// answers breakpoints, and the helper thread ends the window, when the tracer has died in between. Private memory:
/// a fork child has its own copy, as it has of the text.
/// </summary>
/// <remarks>
/// Two halves of entries, sorted by address; a handler may still read the one while the other is filled.
/// <code>
/// +0   byte   state: 0 closed, 1 heads may be breakpoints, 2 tails may have changed as well
/// +1   byte   the half that counts
/// +2   byte   1 = breakpoints may stay when no window is open
/// +8   dword  entries of either half
/// +16  qword  bytes of a half
/// +24  qword  breakpoints answered by the handler, +32 qword those that were gone when it looked
/// +40  qword  windows that the helper has ended
/// +48  dword  how many times a half has been filled: grows before the first byte of one changes
/// +64  first half; an entry:
///      +0  qword  address of the site
///      +8  qword  where a thread at its breakpoint goes on
///      +16 qword  for a call the return address to push
///      +24 byte   kind: 1 jump or nop, 2 return, 3 call
///      +25 byte   1 = deferred: its old head goes back
///      +26 word   for a return the bytes it pops behind the address
///      +28 five or six old bytes, +34 as many new ones
///      +40 dword how many there are behind the first
///      +44 dword the file through which they are written, where their memory is shared; -1 for the target's own memory file
///      +48 qword where in that file the site is
///      +56 byte   1 = its code may be freed at any time: only who compares and writes in one step may end its window
/// </code>
/// </remarks>
public static class WindowTableLayout
{
    /// <summary>Offset of the state.</summary>
    public const int State = 0;

    /// <summary>Offset of the number of the half that counts.</summary>
    public const int Current = 1;

    /// <summary>Offset of the mark of breakpoints that stay: for a fork child, which has the table, and of the session no more.</summary>
    public const int Standing = 2;

    /// <summary>Offset of the two numbers of entries.</summary>
    public const int Counts = 8;

    /// <summary>Offset of the size of a half.</summary>
    public const int HalfSize = 16;

    /// <summary>Offset of the count of breakpoints answered.</summary>
    public const int Answered = 24;

    /// <summary>Offset of the count of late traps.</summary>
    public const int Late = 32;

    /// <summary>Offset of the count of windows that the helper has ended.</summary>
    public const int EndedByHelper = 40;

    /// <summary>
    /// Offset of the number of fillings. Breakpoints that stay are met at any time: a handler that was held up while both halves were filled finds another number than before, and looks again.
    /// </summary>
    public const int Fillings = 48;

    /// <summary>Offset of the first half.</summary>
    public const int Entries = 64;

    /// <summary>State: no breakpoint stands.</summary>
    public const byte Closed = 0;

    /// <summary>State: heads may be breakpoints, nothing else has changed; the way out is back.</summary>
    public const byte HeadsOnly = 1;

    /// <summary>State: tails may have changed; the way out is on.</summary>
    public const byte Tails = 2;

    /// <summary>Bytes of an entry.</summary>
    public const int EntrySize = 64;

    /// <summary>Offset in an entry of its site's address.</summary>
    public const int Address = 0;

    /// <summary>Offset of where a thread goes on.</summary>
    public const int Target = 8;

    /// <summary>Offset of the return address to push.</summary>
    public const int Push = 16;

    /// <summary>Offset of the kind.</summary>
    public const int Kind = 24;

    /// <summary>Offset of the mark of a deferred site.</summary>
    public const int Deferred = 25;

    /// <summary>Offset of the bytes that a return pops.</summary>
    public const int Pop = 26;

    /// <summary>Offset of the old bytes.</summary>
    public const int Old = 28;

    /// <summary>Offset of the new bytes.</summary>
    public const int New = 34;

    /// <summary>Offset of the number of bytes behind the first.</summary>
    public const int TailLength = 40;

    /// <summary>Offset of the file's descriptor.</summary>
    public const int File = 44;

    /// <summary>Offset of the place in that file.</summary>
    public const int FileOffset = 48;

    /// <summary>Offset of the mark of a site whose code may be freed.</summary>
    public const int Transient = 56;

    /// <summary>Kind: goes on at the target.</summary>
    public const byte KindJump = 1;

    /// <summary>Kind: pops where it goes on.</summary>
    public const byte KindReturn = 2;

    /// <summary>Kind: pushes a return address and goes on at the target.</summary>
    public const byte KindCall = 3;

    /// <summary>Bytes of a half for so many sites.</summary>
    public static long HalfSizeFor(int sites) => (long)EntrySize * sites;

    /// <summary>Bytes of a table for so many sites.</summary>
    public static long SizeFor(int sites) => Entries + 2 * HalfSizeFor(sites);

    /// <summary>Writes the entry of a site that is about to change.</summary>
    /// <param name="entry">Where: <see cref="EntrySize"/> bytes.</param>
    /// <param name="site">Its address.</param>
    /// <param name="becoming">What a thread at its breakpoint does.</param>
    /// <param name="old">The bytes it has.</param>
    /// <param name="to">The bytes it gets, as many.</param>
    /// <param name="through">The descriptor, in the target, of the file through which it is written, and where there; null for the target's memory file.</param>
    /// <param name="transient">Whether its code may be freed at any time.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="becoming"/> is a conditional jump: a site never becomes one.</exception>
    public static void Write(
        Span<byte> entry, TargetAddress site, in EmulatedInstruction becoming, ReadOnlySpan<byte> old, ReadOnlySpan<byte> to, (int File, long Offset)? through = null, bool transient = false)
    {
        entry[..EntrySize].Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(entry, site.Value);
        entry[Kind] = becoming.Kind switch
        {
            EmulatedKind.Jump or EmulatedKind.Nop => KindJump,
            EmulatedKind.Return => KindReturn,
            EmulatedKind.Call => KindCall,
            _ => throw new ArgumentOutOfRangeException(nameof(becoming), becoming.Kind, null),
        };
        TargetAddress target = becoming.Kind == EmulatedKind.Nop ? becoming.Next : becoming.Target;
        BinaryPrimitives.WriteUInt64LittleEndian(entry[Target..], target.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(entry[Push..], becoming.Kind == EmulatedKind.Call ? becoming.Next.Value : 0);
        BinaryPrimitives.WriteUInt16LittleEndian(entry[Pop..], becoming.PopBytes);
        old.CopyTo(entry[Old..New]);
        to.CopyTo(entry[New..TailLength]);
        BinaryPrimitives.WriteInt32LittleEndian(entry[TailLength..], to.Length - 1);
        BinaryPrimitives.WriteInt32LittleEndian(entry[File..], through?.File ?? -1);
        BinaryPrimitives.WriteInt64LittleEndian(entry[FileOffset..], through?.Offset ?? (long)site.Value);
        entry[Transient] = (byte)(transient ? 1 : 0);
    }
}
