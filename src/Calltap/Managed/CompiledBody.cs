using Calltap.Symbols;

namespace Calltap.Managed;

/// <summary>A version of a method that the runtime has compiled.</summary>
/// <param name="Start">The first byte.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Name">Its name; null for what is no method.</param>
/// <param name="IsCollectible">Whether its assembly is known to be one that may be unloaded.</param>
/// <param name="IsHeld">See <see cref="PerfMapLine.IsHeld"/>.</param>
/// <param name="Told">When the runtime told of it; when that was read where it is not known.</param>
readonly record struct CompiledBody(TargetAddress Start, int Size, ManagedName? Name, bool IsCollectible, bool IsHeld, MonotonicNs Told);
