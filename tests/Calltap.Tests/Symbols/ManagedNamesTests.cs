using Calltap.Symbols;
using Xunit;

namespace Calltap.Tests.Symbols;

/// <summary>Names of .NET methods; the texts are from perf maps of .NET 10.0.12.</summary>
public sealed class ManagedNamesTests
{
    [Theory]
    [InlineData("void [app] Shop.Core.P::<Main>()[QuickJitted]", "Shop.Core.P.<Main>()")]
    [InlineData("instance void [app] Shop.Core.Box`1[System.__Canon]::.ctor()[QuickJitted]", "Shop.Core.Box<T0>..ctor()")]
    [InlineData("instance void [app] Shop.Core.Box`1[System.Int32]::Put(!0,class [System.Collections]System.Collections.Generic.Dictionary`2<string,!0[]>)[QuickJitted]",
        "Shop.Core.Box<T0>.Put(T0,System.Collections.Generic.Dictionary<string,T0[]>)")]
    [InlineData("instance !0 [app] Shop.Core.Box`1+Inner`1[Shop.Core.Money,System.__Canon]::Get(!0[],!1,class [System.Collections]System.Collections.Generic.List`1<!0>)[QuickJitted]",
        "Shop.Core.Box+Inner<T0,T1>.Get(T0[],T1,System.Collections.Generic.List<T0>)")]
    [InlineData("!!0 [app] Shop.Core.Box`1[System.__Canon]::M(!!0,!0,!0&)[QuickJitted]", "Shop.Core.Box<T0>.M(M0,T0,T0&)")]
    [InlineData("instance void [app] Shop.Core.Thing::Over(string,int32[][],int32[0...,0...])[QuickJitted]", "Shop.Core.Thing.Over(string,int[][],int[,])")]
    [InlineData("instance void [app] Shop.Core.Thing::Over(object,native int,valuetype Shop.Core.Money&,valuetype [System.Runtime]System.ValueTuple`2<int32,string>)[QuickJitted]",
        "Shop.Core.Thing.Over(object,nint,Shop.Core.Money&,System.ValueTuple<int,string>)")]
    [InlineData("instance void [app] Shop.Core.Thing::Ptr(int32*,void**,method void *(int32),valuetype [System.Runtime]System.Span`1<uint8>,typedref)[QuickJitted]",
        "Shop.Core.Thing.Ptr(int*,void**,delegate*<int,void>,System.Span<byte>,System.TypedReference)")]
    [InlineData("native int [System.Private.CoreLib] E::Make(string,method unmanaged void *(uint8*,int32,valuetype Interop/Advapi32/FILTER*,void*),void*)[Optimized]",
        "E.Make(string,delegate*<byte*,int,Interop+Advapi32+FILTER*,void*,void>,void*)")]
    [InlineData("instance void [app] Shop.Core.Thing::Func(valuetype [System.Collections]System.Collections.Generic.List`1/Enumerator<int32>,class Shop.Core.Box`1/Inner`1<string,int32>,float64,bool)[X]",
        "Shop.Core.Thing.Func(System.Collections.Generic.List+Enumerator<int>,Shop.Core.Box+Inner<string,int>,double,bool)")]
    [InlineData("instance void [app] Shop.Core.Thing::Shop.Core.IThing.Do(valuetype [System.Runtime]System.Nullable`1<int32>)[QuickJitted]", "Shop.Core.Thing.Shop.Core.IThing.Do(System.Nullable<int>)")]
    [InlineData("instance !0& modreq(System.Runtime.InteropServices.InAttribute) [System.Private.CoreLib] System.ReadOnlySpan`1[System.Byte]::GetPinnableReference()[QuickJitted]",
        "System.ReadOnlySpan<T0>.GetPinnableReference()")]
    [InlineData("int32[] [app] A::Of(valuetype A/<>c__DisplayClass0_0&,class <>f__AnonymousType0`2<int32,string>)[QuickJitted]", "A.Of(A+<>c__DisplayClass0_0&,<>f__AnonymousType0<int,string>)")]
    [InlineData("void [app] A`1[System.Collections.Generic.KeyValuePair`2[System.__Canon,System.Int32]]::B()[QuickJitted]", "A<T0>.B()")]
    [InlineData("instance int32 [app] Shop.Core.P+<>c::<Main>b__5_1(int32)[QuickJitted]", "Shop.Core.P+<>c.<Main>b__5_1(int)")]
    [InlineData("int32 [app] Shop.Core.P::<Main>g__Local|5_2(int32)[QuickJitted]", "Shop.Core.P.<Main>g__Local|5_2(int)")]
    [InlineData("int32 [Anonymously Hosted DynamicMethods Assembly] dynamicClass::Dyn(int32,string)[Optimized]", "dynamicClass.Dyn(int,string)")]
    public void A_perf_map_names_methods_as_metadata_do(string text, string name) => Assert.Equal(name, ManagedNames.FromPerfMap(text)?.Name);

    [Theory]
    [InlineData("instance void [app] Shop.Core.P+<RunAsync>d__0::MoveNext()[QuickJitted]", "Shop.Core.P.RunAsync")]
    [InlineData("instance bool [app] Shop.Core.P+<IterG>d__3`1[System.__Canon]::MoveNext()[QuickJitted]", "Shop.Core.P.IterG")]
    [InlineData("instance void [app] P+<>c+<<Main>b__0_0>d::MoveNext()[QuickJitted]", "P+<>c.<Main>b__0_0")]
    [InlineData("instance bool [app] P+<System-Collections-IEnumerable-GetEnumerator>d__2::MoveNext()[QuickJitted]", "P.System.Collections.IEnumerable.GetEnumerator")]
    [InlineData("instance void [names] P+Box`1+Inner`1+<Deep>d__0`1[System.__Canon,System.Int32,System.__Canon]::MoveNext()[QuickJitted]", "P+Box+Inner<T0,T1>.Deep", "P+Box+Inner.Deep")]
    [InlineData("instance void [names] P+Box`1+<In>d__0[System.__Canon]::MoveNext()[OptimizedTier1]", "P+Box<T0>.In", "P+Box.In")]
    [InlineData("instance void [names] P+<Stream>d__3::MoveNext()[QuickJitted]", "P.Stream")] // IAsyncEnumerable
    [InlineData("instance void [names] P+<>c__DisplayClass9_0+<<Main>b__1>d::MoveNext()[QuickJitted]", "P+<>c__DisplayClass9_0.<Main>b__1")] // a lambda with captured variables
    [InlineData("instance void [names] P+<>c__10`1+<<G>b__10_0>d[System.__Canon]::MoveNext()[QuickJitted]", "P+<>c__10<T0>.<G>b__10_0", "P+<>c__10.<G>b__10_0")] // one in a generic method
    [InlineData("instance void [names] P+<<Main>g__Local|9_2>d::MoveNext()[QuickJitted]", "P.<Main>g__Local|9_2")] // a local function
    [InlineData("instance void [names] P+<>c__DisplayClass9_0+<<Main>g__LocalCap|3>d::MoveNext()[QuickJitted]", "P+<>c__DisplayClass9_0.<Main>g__LocalCap|3")]
    [InlineData("instance bool [names] P+<>c__DisplayClass9_0+<<Main>g__LocalIter|4>d::MoveNext()[QuickJitted]", "P+<>c__DisplayClass9_0.<Main>g__LocalIter|4")]
    [InlineData("instance void [names] P+Impl+<P-I-Go>d__0::MoveNext()[QuickJitted]", "P+Impl.P.I.Go")]
    [InlineData("instance void [names] P+Impl+<P-IG<System-Int32>-Get>d__2::MoveNext()[QuickJitted]", "P+Impl.P.IG<System.Int32>.Get")]
    public void A_state_machine_is_called_like_its_method(string text, string shown, string? plain = null)
    {
        ManagedName name = ManagedNames.FromPerfMap(text)!;
        Assert.Equal(($"{shown} [state machine]", plain ?? shown), (name.Name, name.Plain));
    }

    /// <summary>Metadata names the type without what it is an instance of: code that was compiled ahead of time has the same name.</summary>
    [Theory]
    [InlineData("P+<Plain>d__1", "P.Plain")]
    [InlineData("P+Box`1+Inner`1+<Deep>d__0`1", "P+Box+Inner<T0,T1>.Deep")]
    [InlineData("P+<>c+<<Main>b__9_0>d", "P+<>c.<Main>b__9_0")]
    [InlineData("P+<>c__10`1+<<G>b__10_0>d", "P+<>c__10<T0>.<G>b__10_0")]
    [InlineData("P+<<Main>g__Local|9_2>d", "P.<Main>g__Local|9_2")]
    [InlineData("P+<>c__DisplayClass9_0+<<Main>g__LocalStream|5>d", "P+<>c__DisplayClass9_0.<Main>g__LocalStream|5")]
    [InlineData("P+Impl+<P-IG<System-Int32>-Get>d__2", "P+Impl.P.IG<System.Int32>.Get")]
    public void So_it_is_when_compiled_ahead_of_time(string type, string name)
    {
        Assert.Equal($"{name} [state machine]", ManagedNames.Of(type, "MoveNext", []));
        Assert.EndsWith(".SetStateMachine()", ManagedNames.Of(type, "SetStateMachine", []), StringComparison.Ordinal); // it alone is the method
    }

    [Fact]
    public void An_enumerator_written_by_hand_keeps_its_name() => Assert.Equal(
        "System.Collections.Generic.List+Enumerator<T0>.MoveNext()",
        ManagedNames.FromPerfMap("instance bool [System.Private.CoreLib] System.Collections.Generic.List`1+Enumerator[System.__Canon]::MoveNext()[OptimizedTier1]")?.Name);

    [Fact]
    public void Assembly_tier_and_the_name_without_parameters_are_told_apart()
    {
        const string text = "instance void [System.Private.CoreLib] System.Collections.Generic.List`1[System.__Canon]::Add(!0)";
        Assert.Equal(
            new ManagedName("System.Private.CoreLib", "System.Collections.Generic.List<T0>.Add(T0)", "System.Collections.Generic.List.Add", "OptimizedTier1"),
            ManagedNames.FromPerfMap(text + "[OptimizedTier1]"));
        Assert.Equal("", ManagedNames.FromPerfMap(text)?.Tier);
    }

    [Theory]
    [InlineData("stub CreateHelper<DynamicHelper>")]
    [InlineData("stub ReportStubBlock<MethodCallThunk>")]
    [InlineData("")]
    [InlineData("void [app] A::B(")]
    [InlineData("void [app] A::B)")]
    [InlineData("void [app] ::B()")]
    [InlineData("void [app] A::B(int32[)")]
    [InlineData("void [app] A::B(,)")]
    [InlineData("void [app] A::B(class X<)")]
    [InlineData("void [app")]
    public void What_is_no_method_has_no_name(string text) => Assert.Null(ManagedNames.FromPerfMap(text));

    [Fact]
    public void Text_of_any_depth_is_survived()
    {
        foreach (string part in (string[])["class A<", "method ", "method void *(", "[", "(", "!"])
            Assert.Null(ManagedNames.FromPerfMap("void [app] A::B(" + string.Concat(Enumerable.Repeat(part, 100_000)) + ")"));
    }
}
