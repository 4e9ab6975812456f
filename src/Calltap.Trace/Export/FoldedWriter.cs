using System.Globalization;
using System.Text;

namespace Calltap.Trace;

/// <summary>Writes a line for each stack, as FlameGraph's programs read them: names from the outermost call to the innermost, a space, the weight.</summary>
public static class FoldedWriter
{
    static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Writes the stacks that weigh something, as UTF-8.</summary>
    /// <exception cref="IOException">The output failed.</exception>
    public static void Write(StackTree tree, TraceCatalog catalog, StackWeight weight, Stream output)
    {
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentNullException.ThrowIfNull(catalog);
        var weights = new StackWeights(tree, catalog, weight);
        long[] own = weights.Own();
        using var text = new StreamWriter(output, s_utf8, bufferSize: 64 << 10, leaveOpen: true) { NewLine = "\n" };
        foreach (StackNode stack in tree.Nodes.Where(stack => own[stack.Number] > 0))
        {
            WriteNames(text, stack, weights);
            text.WriteLine(own[stack.Number].ToString(CultureInfo.InvariantCulture));
        }
    }

    static void WriteNames(StreamWriter text, StackNode stack, StackWeights weights)
    {
        var stacks = new StackNode[stack.Depth];
        for (StackNode? next = stack; next is { Parent: not null }; next = next.Parent)
            stacks[next.Depth - 1] = next;
        foreach (StackNode next in stacks)
        {
            // A semicolon ends a name, and no name has line ends: the reader of the file replaced them.
            text.Write(weights.NameOf(next).Replace(';', ':'));
            text.Write(next == stack ? ' ' : ';');
        }
    }
}
