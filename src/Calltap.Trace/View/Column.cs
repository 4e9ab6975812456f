namespace Calltap.Trace;

/// <summary>A list that grows page by page, so that its elements are not copied and half of it is not empty; the first page begins small.</summary>
sealed class Column<T>
    where T : unmanaged
{
    const int PageBits = 16;
    const int PageMask = (1 << PageBits) - 1;
    const int Smallest = 16;

    T[][] _pages = [];

    /// <summary>Number of elements.</summary>
    public int Count { get; private set; }

    /// <summary>The element at <paramref name="index"/>.</summary>
    public ref T this[int index] => ref _pages[index >> PageBits][index & PageMask];

    /// <summary>Adds an element.</summary>
    public void Add(in T value)
    {
        int page = Count >> PageBits;
        if (page == _pages.Length || (Count & PageMask) == _pages[page].Length)
            MakeRoom(page);
        _pages[page][Count++ & PageMask] = value;
    }

    void MakeRoom(int page)
    {
        if (page == _pages.Length)
        {
            Array.Resize(ref _pages, page + 1);
            _pages[page] = new T[page == 0 ? Smallest : PageMask + 1];
        }
        else
        {
            Array.Resize(ref _pages[page], _pages[page].Length * 2);
        }
    }
}
