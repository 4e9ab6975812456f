using Spectre.Console;

namespace Calltap.Cli.Output;

/// <summary>A table for people: aligned columns, or a drawn table on a terminal when it is short and narrow enough to be looked at.</summary>
/// <param name="columns">Headings; one that starts with <c>&gt;</c> is of a column of numbers, aligned right.</param>
sealed class TextTable(params string[] columns)
{
    const int LongestDrawn = 200;
    const int Frame = 3; // of each drawn column
    const int WidestPadded = 60; // one name of 500 characters must not push every line out of sight

    readonly List<string[]> _rows = [];

    /// <summary>Number of rows.</summary>
    public int Count => _rows.Count;

    /// <summary>Adds a row.</summary>
    public void Add(params string[] cells) => _rows.Add(cells);

    /// <summary>Prints it.</summary>
    public void Write(Terminal terminal)
    {
        if (terminal.OutIsTerminal && _rows.Count <= LongestDrawn && Fits(Console.WindowWidth)) Draw(terminal);
        else WriteAligned(terminal.Out);
    }

    // A drawn table that is too wide loses its last columns, which are names.
    bool Fits(int width) => columns.Select((column, i) => Math.Max(column.Length, _rows.Count == 0 ? 0 : _rows.Max(row => row[i].Length)) + Frame).Sum() < width;

    void WriteAligned(TextWriter output)
    {
        string[] headings = [.. columns.Select(Heading)];
        int[] widths = [.. headings.Select((heading, i) => Math.Max(heading.Length, WidthOf(i)))];
        WriteRow(output, headings, widths);
        foreach (string[] row in _rows) WriteRow(output, row, widths);
    }

    int WidthOf(int column) => _rows.Count == 0 ? 0 : Math.Min(_rows.Max(row => row[column].Length), WidestPadded);

    void WriteRow(TextWriter output, string[] cells, int[] widths)
    {
        for (int i = 0; i < cells.Length; i++)
        {
            if (i > 0) output.Write("  ");
            bool last = i == cells.Length - 1;
            output.Write(IsNumber(i) ? cells[i].PadLeft(widths[i]) : last ? cells[i] : cells[i].PadRight(widths[i]));
        }
        output.WriteLine();
    }

    void Draw(Terminal terminal)
    {
        var table = new Table { Border = TableBorder.Simple };
        for (int i = 0; i < columns.Length; i++)
            table.AddColumn(new TableColumn(new Text(Heading(columns[i]), new Style(decoration: Decoration.Bold))) { NoWrap = IsNumber(i), Alignment = IsNumber(i) ? Justify.Right : Justify.Left });
        foreach (string[] row in _rows) table.AddRow(row.Select(cell => new Text(cell)));
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(terminal.Out),
            Ansi = AnsiSupport.Yes,
            ColorSystem = Terminal.HasColours ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
        });
        if (!Terminal.HasColours) console.Profile.Capabilities.Ansi = false;
        console.Profile.Width = Math.Max(40, Console.WindowWidth);
        console.Write(table);
    }

    bool IsNumber(int column) => columns[column].StartsWith('>');

    static string Heading(string column) => column.TrimStart('>');
}
