namespace Calltap.Modules;

/// <summary>Reads files of modules, and the debug files beside them.</summary>
static class ModuleFiles
{
    /// <summary>The whole file; null when there is none, or it may not be read.</summary>
    public static ReadOnlyMemory<byte>? TryRead(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllBytes(path) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Deletes a file where that can be done.</summary>
    public static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It stays.
        }
    }
}
