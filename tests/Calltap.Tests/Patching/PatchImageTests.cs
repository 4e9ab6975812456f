using Calltap.Code;
using Calltap.Patching;
using CsCheck;
using Xunit;

namespace Calltap.Tests.Patching;

public sealed class PatchImageTests
{
    const int Page = PatchRun.PageSize;
    const ulong Start = 0x40_0000;

    static readonly PatchBytes s_patch = PatchBytes.From([1, 2, 3, 4, 5]);

    [Fact]
    public void Runs_join_neighbouring_pages_and_leave_out_others()
    {
        PatchImage image = For(0, 100, Page + 10, 3 * Page);
        Assert.Equal([(Start, 2 * Page), (Start + 3 * Page, Page)], Runs(image));
    }

    [Fact]
    public void A_site_that_straddles_two_pages_brings_both()
    {
        PatchImage image = For(Page - 2);
        Assert.Equal([(Start, 2 * Page)], Runs(image));
    }

    [Fact]
    public void No_site_is_divided_between_two_runs()
    {
        const int Last = PatchRun.MaxPages * Page - 2; // the run is full: it takes one page more
        PatchImage image = For([.. Enumerable.Range(0, PatchRun.MaxPages).Select(i => (long)i * Page), Last]);
        Assert.Equal([(Start, (PatchRun.MaxPages + 1) * Page)], Runs(image));
    }

    [Fact]
    public void Every_site_is_in_exactly_one_run() =>
        Gen.Int[0, 300 * Page].HashSet[1, 200].Sample(offsets =>
        {
            long[] sorted = [.. offsets.Order().Select(o => (long)o * 5)];
            PatchImage image = For(sorted);
            for (int i = 1; i < image.Runs.Count; i++) Assert.True(image.Runs[i - 1].End <= image.Runs[i].Start);
            foreach (long offset in sorted)
            {
                TargetAddress site = new TargetAddress(Start) + offset;
                PatchRun run = Assert.Single(image.Runs, r => site >= r.Start && site < r.End);
                Assert.True(run.End - site >= PatchBytes.Length);
                Assert.Same(run, image.Find(site));
            }
        });

    [Fact]
    public void The_passes_write_head_tail_head_and_leave_the_neighbours()
    {
        PatchRun run = RunWith(64, out _);
        run.Plain!.PutBreakpoints();
        Assert.Equal([9, 0xcc, 9, 9, 9, 9, 9], run.Image[63..70]);
        run.Plain!.PutTails();
        Assert.Equal([9, 0xcc, 2, 3, 4, 5, 9], run.Image[63..70]);
        run.Plain!.PutHeads();
        Assert.Equal([9, 1, 2, 3, 4, 5, 9], run.Image[63..70]);
    }

    [Fact]
    public void A_deferred_site_gets_its_old_head_back()
    {
        PatchRun run = RunWith(64, out Poke poke);
        run.Plain!.PutBreakpoints();
        run.Plain!.Defer(poke.Site.Address);
        run.Plain!.PutTails();
        run.Plain!.PutHeads();
        Assert.Equal([9, 9, 9, 9, 9, 9, 9], run.Image[63..70]);
    }

    [Fact]
    public void A_site_that_does_not_hold_what_is_installed_is_found()
    {
        PatchRun run = RunWith(64, out Poke poke);
        Assert.Null(run.FindChanged());
        run.Image[66] = 0;
        Assert.Equal(poke.Site.Address, run.FindChanged());
    }

    static PatchRun RunWith(int offset, out Poke poke)
    {
        var plan = new SitePlan(default, 5, SiteKind.Entry, SiteClass.SingleInstruction, default, 5, 5, null, false, false);
        var site = new Site(new SiteId(1), default, default, plan, new TargetAddress(Start) + offset, new byte[] { 9, 9, 9, 9, 9 });
        poke = new Poke(site, s_patch, null, EmulatedInstruction.Jump(default));
        PatchRun run = PatchImage.For([poke], null).Runs[0];
        run.Image.AsSpan().Fill(9);
        return run;
    }

    [Fact]
    public void Another_address_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => For(0).Find(new TargetAddress(Start + Page)));

    static PatchImage For(params long[] offsets) => PatchImage.For(offsets.Select(o => new TargetAddress(Start) + o), null);

    static IEnumerable<(ulong Start, int Length)> Runs(PatchImage image) => image.Runs.Select(r => (r.Start.Value, r.Image.Length));
}
