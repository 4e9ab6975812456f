namespace Calltap.Symbols;

/// <summary>The device a mapped file is on.</summary>
/// <param name="Major">Major number.</param>
/// <param name="Minor">Minor number.</param>
public readonly record struct DeviceNumber(uint Major, uint Minor)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Major:x2}:{Minor:x2}";
}
