namespace Calltap.Symbols;

/// <summary>Turns addresses collected in any order into a public list.</summary>
internal static class AddressList
{
    /// <summary>The addresses ascending, each once.</summary>
    public static ImageAddress[] SortedDistinct(List<ulong> addresses)
    {
        addresses.Sort();
        var kept = new List<ImageAddress>(addresses.Count);
        foreach (var address in addresses)
            if (kept.Count == 0 || kept[^1].Value != address)
                kept.Add(new(address));
        return [.. kept];
    }
}
