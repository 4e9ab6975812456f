using Calltap.Analysis.Duck;

namespace Calltap.Analysis.Queries;

/// <summary>
/// A table that is decoded as it is read, or loaded: once, and only the columns that are wanted, where a statement reads it again and again.
/// </summary>
sealed class DecodedTable(DuckDatabase database, LoadedTables loaded, string name, ITable table)
{
    HashSet<string> _loaded = [];

    /// <summary>Registers it, under its name.</summary>
    public void Create()
    {
        TableFunction.Register(database, table);
        ShowDecoded();
    }

    /// <summary>Has the engine see it as it is decoded: so a plan tells what is read.</summary>
    public void ShowDecoded() => database.Execute($"CREATE OR REPLACE VIEW {name} AS SELECT * FROM {table.Name}()");

    /// <summary>Has the engine see it in the way that suits the statement with this plan.</summary>
    public void ShowFor(QueryPlan plan)
    {
        IReadOnlySet<string> wanted = plan.ColumnsOf(table.Name);
        if (wanted.Count == 0)
            return;
        if (plan.IsReadAgain(table.Name) && !wanted.IsSubsetOf(_loaded))
            Load(wanted);
        if (wanted.IsSubsetOf(_loaded))
            ShowLoaded();
    }

    /// <summary>Loads all of it.</summary>
    public void LoadAll() => Load(table.Columns.Select(column => column.Name));

    void Load(IEnumerable<string> columns)
    {
        HashSet<string> all = [.. _loaded, .. columns];
        loaded.Create(name, $"SELECT {string.Join(", ", table.Columns.Select(column => column.Name).Where(all.Contains).Select(Quoted))} FROM {table.Name}()");
        _loaded = all; // not when it was interrupted
    }

    // The columns that are not loaded are not read either: they only keep their places.
    void ShowLoaded()
    {
        IEnumerable<string> columns = table.Columns.Select(column => _loaded.Contains(column.Name) ? Quoted(column.Name) : $"NULL::{column.Type.Sql} AS {Quoted(column.Name)}");
        database.Execute($"CREATE OR REPLACE VIEW {name} AS SELECT {string.Join(", ", columns)} FROM {LoadedTables.Catalog}.{name}");
    }

    static string Quoted(string column) => $"\"{column}\"";
}
