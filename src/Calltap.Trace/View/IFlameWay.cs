namespace Calltap.Trace;

/// <summary>A way to walk a tree of calls: down to what is called, or up to who calls.</summary>
interface IFlameWay
{
    /// <summary>The whole width, once <see cref="Enter"/> was called.</summary>
    ulong Width { get; }

    /// <summary>Makes the end of a path the root; whether it exists.</summary>
    bool Enter(IReadOnlyList<FunctionId> path);

    /// <summary>Adds the boxes that are at least so wide; ends early with more than <paramref name="most"/>.</summary>
    void Collect(double least, int most, List<FlameBox> boxes);

    /// <summary>Width of those of the functions that lie in no other one.</summary>
    ulong Search(IReadOnlySet<FunctionId> functions);
}
