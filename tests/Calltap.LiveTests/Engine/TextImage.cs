using Calltap.Modules;
using Calltap.Symbols;
using Calltap.Target;

namespace Calltap.LiveTests.Engine;

/// <summary>The text of a module in memory and in its file: the promise that a detached target holds every byte it held.</summary>
static class TextImage
{
    /// <summary>Every executable byte of the catalog's modules is what the file says.</summary>
    public static void AssertRestored(TargetProcess target, FunctionCatalog catalog)
    {
        foreach (TargetModule module in catalog.Modules)
            Assert.Equal(0, Differences(target, module));
    }

    /// <summary>How many bytes differ; <see cref="AssertRestored"/> could not fail if this were 0 while functions are armed.</summary>
    public static int Differences(TargetProcess target, TargetModule module)
    {
        int different = 0;
        foreach (MemoryMapping text in target.ReadMappings().Where(m => m.IsExecutable && m.Path == module.Path))
        {
            using FileStream file = File.OpenRead(module.Path);
            var expected = new byte[(int)text.Size.Value];
            file.Position = text.Offset.Value;
            int read = file.ReadAtLeast(expected, expected.Length, throwOnEndOfStream: false);
            var actual = new byte[expected.Length];
            Assert.Equal(actual.Length, target.ReadMemory(text.Start, actual));
            for (int i = 0; i < read; i++)
                if (actual[i] != expected[i]) different++;
        }
        return different;
    }
}
