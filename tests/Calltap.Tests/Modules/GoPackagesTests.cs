using Calltap.Modules;
using Xunit;

namespace Calltap.Tests.Modules;

public sealed class GoPackagesTests
{
    [Theory]
    [InlineData("main.build", "main")]
    [InlineData("net/http.(*conn).serve", "net/http")]
    [InlineData("net/http.(*conn).serve.func1.2", "net/http")]
    [InlineData("golang.org/x/net/http2.frame", "golang.org/x/net/http2")]
    [InlineData("main.largest[go.shape.int_0]", "main")]
    [InlineData("slices.Sort[example.com/a/b.T]", "slices")]
    [InlineData("gopkg.in/yaml%2ev3.Unmarshal", "gopkg.in/yaml%2ev3")]
    [InlineData("type:.eq.main.T", null)]
    [InlineData("type..eq.main.T", null)]
    [InlineData("type..eq.net/http.T", null)]
    [InlineData("go:buildid", null)]
    [InlineData("_rt0_amd64_linux", null)]
    [InlineData(null, null)]
    public void A_symbol_tells_its_package(string? symbol, string? package) => Assert.Equal(package, GoPackages.PackageOf(symbol));

    [Theory]
    [InlineData("runtime.mallocgc", true)]
    [InlineData("runtime/internal/atomic.Xadd", true)]
    [InlineData("internal/runtime/maps.newTable", true)]
    [InlineData("runtime/cgo.init", true)]
    [InlineData("syscall.forkExec", true)]
    [InlineData("_cgo_topofstack", true)]
    [InlineData("crypto/internal/fips140/aes.(*CBCEncrypter).CryptBlocks", true)]
    [InlineData("type..eq.net/http.T", true)]
    [InlineData("runtime/pprof.StartCPUProfile", false)]
    [InlineData("main.main", false)]
    [InlineData("reflect.Value.Call", false)]
    public void The_runtime_is_known_by_its_packages(string symbol, bool isRuntime) => Assert.Equal(isRuntime, GoPackages.IsRuntime(symbol));
}
