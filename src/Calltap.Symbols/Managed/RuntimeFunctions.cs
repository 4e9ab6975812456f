namespace Calltap.Symbols;

/// <summary>The pieces of code of an image that have unwind data of their own: a method's body first, then its handlers (RUNTIME_FUNCTION).</summary>
internal sealed class RuntimeFunctions
{
    private const int EncodedSize = 12; // begin, end, unwind data

    private readonly PeImage _image;
    private readonly (uint Begin, uint End)[] _all;
    private readonly uint[] _begins;

    private RuntimeFunctions(PeImage image, (uint Begin, uint End)[] all)
    {
        (_image, _all) = (image, all);
        _begins = Array.ConvertAll(all, piece => piece.Begin);
        Array.Sort(_begins);
    }

    public int Count => _all.Length;

    /// <exception cref="ElfFormatException">One is not in code.</exception>
    public static RuntimeFunctions Read(PeImage image, DataDirectory directory, ElfLimits limits)
    {
        var cursor = image.Cursor(directory, "the runtime functions");
        var count = cursor.Remaining / EncodedSize; // an end mark may follow
        if (count > limits.Fdes)
            throw cursor.Fault($"at most {limits.Fdes} functions");
        PeSection[] code = [.. image.Sections.Where(s => s.IsExecutable)];
        var all = new (uint Begin, uint End)[count];
        for (var i = 0; i < count; i++)
        {
            uint begin = cursor.U32(), end = cursor.U32();
            cursor.U32(); // unwind data
            if (begin >= end || !Array.Exists(code, section => begin >= section.Address && end <= section.End))
                throw cursor.Fault("a range of code");
            all[i] = (begin, end);
        }

        return new(image, all);
    }

    /// <summary>One of them, in the order of the table.</summary>
    public (uint Begin, uint End) this[int index] => _all[index];

    /// <summary>Bytes from the begin of one up to that of the next. Behind the last one thunks and data may follow at once, in the same section.</summary>
    public uint RoomOf(uint begin, uint end)
    {
        var next = Array.BinarySearch(_begins, begin);
        while (next < _begins.Length && _begins[next] == begin)
            next++;
        return (next < _begins.Length && InOneSection(begin, _begins[next]) ? _begins[next] : end) - begin;
    }

    private bool InOneSection(uint first, uint second) => _image.Sections.Any(s => first >= s.Address && second < s.End);
}
