using RecallCluster.Serving.Devices;

namespace RecallCluster.TorchScoring.Tests;

public sealed class SettingTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("recall-torch-");

    [Theory]
    [InlineData("cpu", "cpu")]
    [InlineData("torch-cpu", "torch-cpu")]
    [InlineData("torch-cpu-walk", "torch-cpu-walk")]
    [InlineData("cuda", "cuda:0")]
    [InlineData("cuda:3", "cuda:3")]
    [InlineData("cuda-walk", "cuda-walk:0")]
    [InlineData("cuda-walk:1", "cuda-walk:1")]
    public void Scorers_are_named(string text, string name) => Assert.Equal(name, ScorerChoice.TryParse(text)?.ToString());

    [Theory]
    [InlineData("")]
    [InlineData("gpu")]
    [InlineData("cpu:0")]
    [InlineData("cpu-walk")]
    [InlineData("torch-cpu:1")]
    [InlineData("cuda:-1")]
    [InlineData("cuda:x")]
    [InlineData("cuda:1:2")]
    public void What_names_no_scorer_is_refused(string text) => Assert.Null(ScorerChoice.TryParse(text));

    [Fact]
    public void Shapes_ship_with_a_model()
    {
        Assert.Equal(new DeviceBatches().Requests, DeviceBatches.Of(_folder.FullName).Requests);
        Write("""{ "requests": [1, 16], "ads": [512], "mostPlaces": 8192, "placesPerHop": 300, "waitMilliseconds": 1 }""");
        DeviceBatches read = DeviceBatches.Of(_folder.FullName);
        Assert.Equal([1, 16], read.Requests);
        Assert.Equal(300, read.PlacesPerHop);
        Assert.Equal(16, DeviceBatches.ShapeOf(read.Requests, 2));
        Assert.Equal(512, DeviceBatches.ShapeOf(read.Ads, 9_000));
    }

    [Theory]
    [InlineData("""{ "requests": [] }""", "Requests")]
    [InlineData("""{ "requests": [2, 2] }""", "Requests")]
    [InlineData("""{ "ads": [0] }""", "Ads")]
    [InlineData("""{ "mostPlaces": 7 }""", "MostPlaces")]
    [InlineData("""{ "requests": [64], "ads": [64, 16384], "mostPlaces": 16384 }""", "MostPlaces")]
    [InlineData("""{ "workers": 0 }""", "Workers")]
    [InlineData("""{ "queue": 0 }""", "Queue")]
    [InlineData("""{ "placesPerHop": 0 }""", "PlacesPerHop")]
    [InlineData("""{ "adds": [1] }""", "adds")]
    [InlineData("[", "line 1")]
    public void Shapes_that_make_no_sense_are_named(string json, string name)
    {
        Write(json);
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => DeviceBatches.Of(_folder.FullName));
        Assert.Contains(name, error.Message, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(DeviceBatches.FileName, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_there_is_is_told_check_by_check()
    {
        IReadOnlyList<DeviceCheck> checks = new TorchPlugin().Inspect();
        Assert.Contains(checks, check => check is { Name: "libtorch", IsThere: true });
        DeviceCheck cuda = Assert.Single(checks, check => check.Name == "CUDA");
        Assert.Equal(Scorers.NoCuda is null, cuda.IsThere);
        Assert.NotEmpty(cuda.Detail);
    }

    [Fact]
    public void A_device_that_is_not_there_is_refused_with_what_is_missing()
    {
        ScorerChoice none = ScorerChoice.TryParse("cuda:99")!;
        DeviceUnavailableException error = Assert.Throws<DeviceUnavailableException>(
            () => Devices.TorchDevice.Open(none, ScorerPrecision.Fp32));
        Assert.Contains(Scorers.NoCuda ?? "cuda:99: there are", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_that_was_lost_is_left_alone_for_a_while()
    {
        var clock = new SetClock { Now = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero) };
        var mark = new DeviceLossMark(Path.Combine(_folder.FullName, "lost"), TimeSpan.FromMinutes(10));
        Assert.Null(mark.TimeOfRest(clock));
        Assert.True(mark.Mark(clock));
        Assert.Equal(TimeSpan.FromMinutes(10), mark.TimeOfRest(clock));
        clock.Now += TimeSpan.FromMinutes(4);
        Assert.Equal(TimeSpan.FromMinutes(6), mark.TimeOfRest(clock));
        clock.Now += TimeSpan.FromMinutes(6);
        Assert.Null(mark.TimeOfRest(clock));
        clock.Now -= TimeSpan.FromHours(1);
        Assert.Null(mark.TimeOfRest(clock));
        File.WriteAllText(mark.Path, "broken");
        Assert.Null(mark.TimeOfRest(clock));
        Assert.False((mark with { Path = Path.Combine(_folder.FullName, "no", "folder") }).Mark(clock));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private sealed class SetClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }

    private void Write(string json) => File.WriteAllText(Path.Combine(_folder.FullName, DeviceBatches.FileName), json);
}
