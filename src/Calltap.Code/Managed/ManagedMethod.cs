namespace Calltap.Code.Managed;

/// <summary>A body of machine code of a .NET method.</summary>
/// <param name="Address">Its first byte.</param>
/// <param name="Size">Bytes of it.</param>
/// <param name="Room">Bytes up to what follows, padding among them.</param>
public sealed record ManagedMethod(ImageAddress Address, int Size, int Room);
