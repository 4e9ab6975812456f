using Calltap.Probes;
using Xunit;

namespace Calltap.Tests.Probes;

public sealed class FunctionPatternTests
{
    static readonly FunctionNames s_method = new("Cat::sleep(int) const", ["_ZNK3Cat5sleepEi", "cat_sleep"]);

    [Theory]
    [InlineData("Cat::sleep(int) const", true)]
    [InlineData("Cat::sleep", true)]
    [InlineData("Cat::*", true)]
    [InlineData("_ZNK3Cat*", true)]
    [InlineData("cat_sleep", true)]
    [InlineData("Cat::sle", false)]
    [InlineData("sleep", false)]
    [InlineData("Cat::sleep@libpets", true)]
    [InlineData("Cat::sleep@libpets.so*", true)]
    [InlineData("Cat::sleep@libpet", false)]
    [InlineData("@libpets", true)]
    [InlineData("@*", true)]
    [InlineData("@libc", false)]
    public void A_name_matches_as_shown_without_parameters_or_as_symbol(string pattern, bool expected) =>
        Assert.Equal(expected, FunctionPattern.Parse(pattern).IsMatch(s_method, "libpets.so.6"));

    [Theory]
    [InlineData("Managed.Plain.*", true)]
    [InlineData("Managed.Plain.Add", true)]
    [InlineData("*.Add*", true)]
    [InlineData("Managed.Plain.Add(int,int)", true)]
    [InlineData("Managed.Add*", false)]
    [InlineData("@Managed.Plain", true)]
    [InlineData("@Managed.Plain.dll", true)]
    [InlineData("*.Add@Managed.Plain", true)]
    [InlineData("@Managed", false)]
    public void A_method_matches_by_its_name_and_its_assembly_with_and_without_extension(string pattern, bool expected) =>
        Assert.Equal(expected, FunctionPattern.Parse(pattern).IsMatch(new FunctionNames("Managed.Plain.Add(int,int)", ["Managed.Plain.Add"]), "Managed.Plain.dll"));

    [Theory]
    [InlineData("")]
    [InlineData("@")]
    public void An_empty_pattern_is_refused(string pattern) => Assert.Throws<FormatException>(() => FunctionPattern.Parse(pattern));

    [Fact]
    public void Only_a_module_part_brings_a_module_into_scope()
    {
        Assert.True(FunctionPattern.Parse("@libpets").NamesModule("libpets.so.6"));
        Assert.True(FunctionPattern.Parse("x@libpets").NamesModule("libpets.so.6"));
        Assert.False(FunctionPattern.Parse("*").NamesModule("libpets.so.6"));
    }

    [Theory]
    [InlineData("@System.Private.CoreLib", true)]
    [InlineData("@System.Private.CoreLib.dll", true)]
    [InlineData("@System.*", true)]
    [InlineData("@System", false)]
    public void An_assembly_goes_by_its_whole_name(string pattern, bool expected) =>
        Assert.Equal(expected, FunctionPattern.Parse(pattern).NamesModule("System.Private.CoreLib.dll"));
}
