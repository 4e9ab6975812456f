using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using Calltap.Code;
using Calltap.Symbols;

namespace Calltap.Modules;

/// <summary>Everything that an analysis depends on, the files of debug symbols excepted (<see cref="AskedFiles"/>).</summary>
/// <param name="Value">Its hash.</param>
readonly record struct CacheKey(UInt128 Value)
{
    // The compiler makes these from what it compiles: another build of Calltap, another key.
    static readonly Guid[] s_builds =
    [
        typeof(CacheKey).Module.ModuleVersionId, typeof(ModuleAnalyzer).Module.ModuleVersionId,
        typeof(ModuleSymbolReader).Module.ModuleVersionId, typeof(ImageAddress).Module.ModuleVersionId,
    ];

    /// <summary>The key of one analysis.</summary>
    /// <param name="content">The module's file.</param>
    /// <param name="path">Its path, beside which debug files are looked for.</param>
    /// <param name="traits">What is known of the process.</param>
    /// <param name="demangles">Whether names are made readable.</param>
    public static CacheKey Of(ContentHash content, string path, TargetTraits traits, bool demangles)
    {
        var hash = new XxHash128();
        foreach (Guid build in s_builds) hash.Append(build.ToByteArray());
        Span<byte> number = stackalloc byte[16 + sizeof(long)];
        BinaryPrimitives.WriteUInt128LittleEndian(number, content.Hash);
        BinaryPrimitives.WriteInt64LittleEndian(number[16..], content.Length);
        hash.Append(number);
        hash.Append([(byte)(traits.HandlesFaults ? 1 : 0), (byte)(traits.HasShadowStack ? 1 : 0), (byte)(demangles ? 1 : 0)]);
        hash.Append(Encoding.UTF8.GetBytes(path));
        return new CacheKey(hash.GetCurrentHashAsUInt128());
    }

    /// <summary>The name of its file.</summary>
    public string FileName => $"{Value:x32}{AnalysisCache.Extension}";
}
