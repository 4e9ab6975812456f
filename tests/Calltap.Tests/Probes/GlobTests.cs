using System.Text.RegularExpressions;
using Calltap.Probes;
using CsCheck;
using Xunit;

namespace Calltap.Tests.Probes;

public sealed class GlobTests
{
    [Theory]
    [InlineData("", "", true)]
    [InlineData("", "a", false)]
    [InlineData("*", "", true)]
    [InlineData("*", "anything", true)]
    [InlineData("a*c", "abc", true)]
    [InlineData("a*c", "abcd", false)]
    [InlineData("*abab*c", "ababababc", true)]
    [InlineData("?", "", false)]
    [InlineData("a?c", "abc", true)]
    [InlineData("**b", "ab", true)]
    [InlineData("f[0-9]*", "f00017", true)]
    [InlineData("f[0-9]*", "find", false)]
    [InlineData("[a-c_][!0-9]", "_x", true)]
    [InlineData("[a-c_][!0-9]", "_7", false)]
    [InlineData("[^x]", "y", true)]
    [InlineData("[]x]", "]", true)]
    [InlineData("[a-]", "-", true)]
    [InlineData("[a-]", "b", false)]
    [InlineData("operator[]", "operator[]", true)]
    [InlineData("*operator[]*", "std::vector<int>::operator[](unsigned long)", true)]
    [InlineData("a[", "a[", true)]
    [InlineData("a[!", "a[!", true)]
    [InlineData("A", "a", false)]
    public void Matches(string pattern, string text, bool expected) => Assert.Equal(expected, new Glob(pattern).IsMatch(text));

    [Fact]
    public void Agrees_with_a_regular_expression() =>
        Gen.Select(Gen.Char["ab*?"].Array[0, 8], Gen.Char["ab"].Array[0, 12]).Sample((pattern, text) =>
        {
            string regex = $"^{string.Concat(pattern.Select(c => c switch { '*' => ".*", '?' => ".", _ => $"{c}" }))}$";
            Assert.Equal(Regex.IsMatch(new string(text), regex), new Glob(new string(pattern)).IsMatch(text));
        });
}
