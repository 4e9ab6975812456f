using System.Text;
using Calltap.Managed;
using Xunit;

namespace Calltap.Tests.Managed;

public sealed class Utf8LinesTests
{
    const string Text = "7f01 1e void [app] Größe::Ändern()[Tier0]\n\n7f02 2 void [app] 数::𝒜()[X]\nunended €";

    static readonly string[] s_lines = ["7f01 1e void [app] Größe::Ändern()[Tier0]", "", "7f02 2 void [app] 数::𝒜()[X]"];

    [Fact]
    public void Text_cut_anywhere_gives_the_same_lines()
    {
        byte[] bytes = Encoding.UTF8.GetBytes(Text);
        for (int first = 0; first <= bytes.Length; first++)
            for (int second = first; second <= bytes.Length; second++)
            {
                var lines = new Utf8Lines();
                string[] read = [.. lines.Add(bytes.AsSpan(0, first)), .. lines.Add(bytes.AsSpan(first, second - first)), .. lines.Add(bytes.AsSpan(second))];
                Assert.Equal(s_lines, read);
                Assert.Equal("unended €", Assert.Single(lines.Add("\n"u8)));
            }
    }

    [Fact]
    public void A_piece_is_a_byte()
    {
        var lines = new Utf8Lines();
        Assert.Equal(s_lines, Encoding.UTF8.GetBytes(Text).SelectMany(b => lines.Add([b])));
    }
}
