using System.Text.Json;
using Calltap.LiveTests.Engine;
using Calltap.LiveTests.Programs;

namespace Calltap.LiveTests.Cli;

[Collection(EngineTests.Name)]
public sealed class FunctionsCommandTests
{
    static readonly string[] s_fields = ["name", "module", "version", "address", "size", "entry", "exits", "exits_patchable", "refused"];

    [Fact]
    public void Json_has_the_promised_fields_for_a_file_and_for_a_process()
    {
        using BusyDemo demo = BusyDemo.Start();
        foreach (string[] which in (string[][])[[BusyDemo.Path], ["-p", demo.PidText]])
        {
            using CliRun run = CliRun.Run(0, ["functions", .. which, "-F", "f[0-9]*", "--json"]);
            JsonElement json = JsonDocument.Parse(run.Output).RootElement;
            Assert.Equal(["functions", "excluded", "total", "entry_patchable", "all_exits_patchable"], json.EnumerateObject().Select(p => p.Name));
            Assert.Equal(BusyDemo.Functions, json.GetProperty("total").GetInt32());
            Assert.Equal(BusyDemo.Functions, json.GetProperty("entry_patchable").GetInt32());
            Assert.All(json.GetProperty("functions").EnumerateArray(), f => Assert.Equal(s_fields, f.EnumerateObject().Select(p => p.Name)));
            JsonElement start = Assert.Single(json.GetProperty("excluded").EnumerateArray(), e => e.GetProperty("name").GetString() == "_start");
            Assert.Equal("program entry point", start.GetProperty("reason").GetString());
            Assert.StartsWith("0x", json.GetProperty("functions")[0].GetProperty("address").GetString());
        }
    }

    [Fact]
    public void A_stripped_file_has_names_made_of_addresses_and_a_hint()
    {
        using var folder = new ScratchFolder();
        string stripped = folder.File("bare");
        File.Copy(BusyDemo.Path, stripped);
        using (CliRun strip = CliRun.StartBy(["sh", "-c", $"command -v strip >/dev/null || exit 77; strip {stripped}"]))
            Assert.SkipWhen(strip.EndsWith(77), "no strip: install binutils");
        using CliRun run = CliRun.Run(0, "functions", stripped);
        Assert.Matches(@"(?m)^bare\+0x[0-9a-f]+ ", run.Output);
        Assert.Matches(@"(?m)^# bare has functions without a name: ", run.Output);
    }

    [Fact]
    public void What_is_no_program_is_refused()
    {
        Assert.Contains("expected an ELF header", CliRun.RunBad(2, "functions", "/etc/passwd"));
        Assert.Contains("/nonexistent", CliRun.RunBad(2, "functions", "/nonexistent"));
        Assert.Contains("give one of", CliRun.RunBad(64, "functions"));
    }

    [Fact]
    public void Ps_lists_what_can_be_traced()
    {
        using BusyDemo demo = BusyDemo.Start();
        using CliRun ps = CliRun.Run(0, "ps");
        Assert.Matches($@"(?m)^ *{demo.Pid} +\S+ +{BusyDemo.Threads + 1} +calltap-demo ", ps.Output);
    }

    [Fact]
    public void Ps_shows_the_version_of_dotnet()
    {
        using var program = ManagedProgram.Start(options: new ManagedOptions { Threads = 1, Kinds = ["plain"] });
        using BusyDemo demo = BusyDemo.Start();
        using CliRun text = CliRun.Run(0, "ps"), json = CliRun.Run(0, "ps", "--json");
        Assert.Matches($@"(?m)^ *{program.Pid} +\S+ +\d+ +\S+ +10\.0\.\d+ ", text.Output);
        Assert.Matches($@"(?m)^ *{demo.Pid} +\S+ +\d+ +calltap-demo +- ", text.Output);
        JsonElement[] processes = [.. JsonDocument.Parse(json.Output).RootElement.GetProperty("processes").EnumerateArray()];
        Assert.StartsWith("10.0.", Of(program.Pid).GetProperty("dotnet").GetString(), StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, Of(demo.Pid).GetProperty("dotnet").ValueKind);

        JsonElement Of(Pid pid) => processes.Single(process => process.GetProperty("pid").GetInt32() == pid.Value);
    }
}
