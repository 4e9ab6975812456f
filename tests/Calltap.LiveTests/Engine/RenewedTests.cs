using Calltap.Modules;
using Calltap.Patching;
using Calltap.Probes;
using Calltap.Target;

namespace Calltap.LiveTests.Engine;

/// <summary>A library that is closed in a window and loaded again in the same place: no mapping tells, and what is there now is not written to halfway.</summary>
[Collection(EngineTests.Name)]
public sealed class RenewedTests
{
    const int Calls = 20;

    [Theory]
    [InlineData("pass 1", true)]
    [InlineData("clear", true)]
    [InlineData("pass 2", true)]
    [InlineData("read", false)]
    [InlineData("pass 1", false)]
    [InlineData("pass 2", false)]
    public void It_is_left_as_it_is(string step, bool arms)
    {
        using PluginProgram plugins = PluginProgram.Start();
        plugins.LoadLibrary();
        using TraceSession session = plugins.Attach();
        ReloadAt(plugins, session, step, arms);
        session.StepDone = null;
        Assert.Equal(0, Differences(session));
        plugins.CallLibrary(Calls);
        Assert.Equal(0, session.Detach()!.Unrestored);
        plugins.Program.AssertRight();
    }

    /// <summary>The control: nobody looks, and the tails are written where no breakpoint stands.</summary>
    [Fact]
    public void It_would_be_written_to()
    {
        using PluginProgram plugins = PluginProgram.Start();
        plugins.LoadLibrary();
        using TraceSession session = plugins.Attach();
        session.Broken = BrokenRules.MappingsNotLookedAt;
        ReloadAt(plugins, session, "pass 1", arms: true);
        Assert.True(Differences(session) > 0, "not a byte was written");
    }

    static void ReloadAt(PluginProgram plugins, TraceSession session, string step, bool arms)
    {
        bool reloaded = false;
        if (!arms) Assert.Equal(PluginProgram.FunctionsOfSmall, session.Add(PluginProgram.Plugin).Armed);
        session.StepDone = done =>
        {
            if (done != step || reloaded) return;
            reloaded = true;
            Assert.True(plugins.IsReloadedInPlace(), "it came to another address");
        };
        if (arms) session.Add(PluginProgram.Plugin);
        else session.Remove(PluginProgram.Plugin);
        Assert.True(reloaded);
    }

    static int Differences(TraceSession session)
    {
        TargetModule library = session.Catalog.Modules.Single(m => m.Name.StartsWith("plugin", StringComparison.Ordinal) && m.Name.EndsWith(".so", StringComparison.Ordinal));
        return TextImage.Differences(session.Target, library);
    }
}
