using Microsoft.Extensions.Configuration;
using RecallCluster.Grains.Hosting;
using RecallCluster.Serving.Devices;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Silo.Configuration;

namespace RecallCluster.Silo.Tests;

public sealed class SettingsTests
{
    [Fact]
    public void Without_settings_a_silo_has_every_usual_role_and_Redis_of_this_machine()
    {
        SiloSettings settings = Read();
        Assert.Equal(ClusteringKind.Redis, settings.Clustering);
        Assert.Equal(["control", "gateway", "retrieval"], settings.Node.Roles.Order());
        Assert.Equal((11111, 30000), (settings.SiloPort, settings.GatewayPort));
        Assert.True(settings.Node.ShardMemory > 0);
        Assert.Equal(8080, settings.Node.Door!.Port);
    }

    [Fact]
    public void The_command_line_goes_before_the_file()
    {
        using var folder = new Scratch();
        string file = folder.Write("silo.json", """
            { "cluster": { "id": "one", "redis": "a:1,b:2" }, "silo": { "roles": ["retrieval", "gpu"], "shardMemoryMiB": 64 } }
            """);
        SiloSettings settings = SettingsReader.Read(["--config", file, "--cluster:id=two"]);
        Assert.Equal("two", settings.Node.Cluster);
        Assert.Equal("a:1,b:2", settings.Redis);
        Assert.Equal(["gpu", "retrieval"], settings.Node.Roles.Order());
        Assert.Equal(64L << 20, settings.Node.ShardMemory);
        Assert.Null(settings.Node.Door);
        Assert.Equal(["control"], SettingsReader.Read(["--config", file, "--silo:roles=control"]).Node.Roles);
    }

    [Fact]
    public void A_door_is_no_silo_and_has_no_silo_s_ports()
    {
        SiloSettings settings = SettingsReader.Read(["--silo:roles=door", "--http:door=http://127.0.0.1:11111"]);
        Assert.True(settings.IsDoor);
        Assert.Equal(11111, settings.Node.Door!.Port);
    }

    [Theory]
    [InlineData("silo:roles", "door,gateway")]
    [InlineData("cluster:id", "no spaces")]
    [InlineData("cluster:clustering", "consul")]
    [InlineData("cluster:redis", "")]
    [InlineData("cluster:redisWaitSeconds", "soon")]
    [InlineData("cluster:primary", "nowhere")]
    [InlineData("silo:roles", "gateway,worker")]
    [InlineData("silo:address", "0.0.0.0")]
    [InlineData("silo:address", "not a host")]
    [InlineData("silo:port", "70000")]
    [InlineData("silo:gatewayPort", "11111")]
    [InlineData("silo:shardMemoryMiB", "-1")]
    [InlineData("silo:searches", "0")]
    [InlineData("silo:listenOnAny", "perhaps")]
    [InlineData("silo:drainSeconds", "0")]
    [InlineData("directories:model", "/there/is/no/such/folder")]
    [InlineData("http:door", "ftp://127.0.0.1")]
    [InlineData("http:health", "http://127.0.0.1:11111")]
    [InlineData("http:health", "http://127.0.0.1:8080")]
    [InlineData("http:keys", "/there/is/no/such/file")]
    [InlineData("tls:certificate", "/there/is/no/such/file")]
    [InlineData("membership:probeSeconds", "0")]
    [InlineData("membership:votes", "1.5")]
    [InlineData("grains:idleSeconds", "1")]
    [InlineData("http:tokenKeys", "/there/is/no/such/file")]
    [InlineData("clock:realOrigin", "yesterday")]
    [InlineData("clock:speed", "0")]
    [InlineData("cluster:idd", "x")]
    public void What_makes_no_sense_is_refused_by_its_key(string key, string value)
    {
        // An empty value is as good as none, save where a Redis must be named.
        if (value.Length == 0)
            value = ",";
        SettingsException refused = Assert.Throws<SettingsException>(() => Read((key, value)));
        Assert.Equal(key, refused.Key);
        Assert.StartsWith(key, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_wants_its_role_and_no_front_door_beside_it()
    {
        DeviceOptions device = Read(
            ("silo:roles", "retrieval,gpu"), ("gpu:scorer", "cuda-walk:1"), ("gpu:precision", "bf16"),
            ("gpu:memoryMiB", "512")).Node.Device!;
        Assert.Equal(new ScorerChoice(ScorerPlace.Cuda, 1, Walks: true), device.Scorer);
        Assert.Equal((ScorerPrecision.Bf16, 512L << 20), (device.Precision, device.MostTableBytes));
        Assert.Equal("cuda:0", Read(("silo:roles", "retrieval,gpu")).Node.Device!.Scorer.ToString());
        Assert.Null(Read(("silo:roles", "retrieval")).Node.Device);
        Assert.Equal(TimeSpan.FromMinutes(10), device.Loss!.Rest);
        Assert.True(Path.IsPathFullyQualified(device.Loss.Path));
        DeviceLossMark mark = Read(
            ("silo:roles", "retrieval,gpu"), ("gpu:restSeconds", "5"), ("gpu:lossFile", "/var/lib/recall/lost")).Node.Device!.Loss!;
        Assert.Equal(new DeviceLossMark("/var/lib/recall/lost", TimeSpan.FromSeconds(5)), mark);
        Assert.Null(Read(("silo:roles", "retrieval,gpu"), ("gpu:restSeconds", "0")).Node.Device!.Loss);
        Assert.Equal("silo:roles", Assert.Throws<SettingsException>(() => Read(("silo:roles", "gateway,gpu"))).Key);
        Assert.Equal("gpu:scorer", Assert.Throws<SettingsException>(() => Read(("gpu:scorer", "cuda:0"))).Key);
        Assert.Equal("gpu:scorer", Assert.Throws<SettingsException>(() => Read(("silo:roles", "gpu"), ("gpu:scorer", "cpu"))).Key);
        Assert.Equal("gpu:precision", Assert.Throws<SettingsException>(() => Read(("silo:roles", "gpu"), ("gpu:precision", "int8"))).Key);
    }

    [Fact]
    public void A_misspelt_key_is_told_the_right_one()
    {
        SettingsException refused = Assert.Throws<SettingsException>(() => Read(("silo:rolls", "gateway")));
        Assert.Contains("'silo:roles'", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Certificates_want_each_other()
    {
        using var folder = new Scratch();
        string file = folder.Write("a.pem", "");
        Assert.Equal("tls:certificate", Assert.Throws<SettingsException>(() => Read(("tls:authority", file))).Key);
        Assert.Equal("tls:authority", Assert.Throws<SettingsException>(() => Read(("tls:certificate", file))).Key);
    }

    [Fact]
    public void A_clock_of_its_own_wants_both_origins()
    {
        Assert.Equal("clock:realOrigin", Assert.Throws<SettingsException>(() => Read(("clock:speed", "60"))).Key);
        Assert.Equal("clock:businessOrigin", Assert.Throws<SettingsException>(() => Read(("clock:realOrigin", "2026-05-01"))).Key);
        SiloSettings fast = Read(
            ("clock:speed", "1000"), ("clock:realOrigin", "2026-05-01T00:00:00Z"), ("clock:businessOrigin", "2026-01-01T00:00:00Z"));
        Assert.Equal(TimeProvider.System, Read().BusinessClock);
        Assert.NotEqual(TimeProvider.System, fast.BusinessClock);
    }

    [Fact]
    public void A_file_that_is_no_JSON_is_named()
    {
        using var folder = new Scratch();
        string file = folder.Write("broken.json", "{ \"cluster\": ");
        InvalidDataException broken = Assert.Throws<InvalidDataException>(() => SettingsReader.Read(["--config", file]));
        Assert.Contains(file, broken.Message, StringComparison.Ordinal);
        Assert.Equal("--config", Assert.Throws<SettingsException>(() => SettingsReader.Read(["--config", file + ".not"])).Key);
    }

    [Fact]
    public void What_silos_tell_each_other_has_their_roles_and_memory()
    {
        Dictionary<string, string> told = SiloRoles.MetadataOf(Read(("silo:roles", "retrieval"), ("silo:shardMemoryMiB", "16")).Node);
        Assert.Equal("true", told[SiloRoles.KeyOf(SiloRoles.Retrieval)]);
        Assert.False(told.ContainsKey(SiloRoles.KeyOf(SiloRoles.Gateway)));
        Assert.Equal("16777216", told[SiloRoles.MemoryKey]);
    }

    [Fact]
    public void What_a_new_version_must_show_can_be_set()
    {
        ShadowLimits limits = Read(
            ("rollout:requests", "50"), ("rollout:leastValue", "0.9"), ("rollout:patienceSeconds", "30"),
            ("rollout:latencyAllowanceSeconds", "0.5")).Rollouts.Shadow;
        Assert.Equal(TimeSpan.FromSeconds(0.5), limits.LatencyAllowance);
        Assert.Equal(
            (50, 0.9, TimeSpan.FromSeconds(30), 0.1), (limits.Requests, limits.LeastValue, limits.Patience, limits.Share));
        string refusal = Assert.Throws<SettingsException>(() => Read(("rollout:mostValue", "0.5"))).Message;
        Assert.StartsWith("rollout:mostValue", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_key_that_is_read_is_explained()
    {
        string[] keys = ["cluster:redisWaitSeconds", "silo:noticeSeconds", "membership:missedProbes", "tls:name", "silo:parent",
            "rollout:mostLatency", "rollout:latencyAllowanceSeconds", "directories:versions"];
        foreach (string key in keys)
            Assert.Contains(key, SettingsHelp.Text, StringComparison.Ordinal);
    }

    private static SiloSettings Read(params (string Key, string Value)[] settings) => SettingsReader.Read(
        new ConfigurationBuilder().AddInMemoryCollection(settings.ToDictionary(s => s.Key, s => (string?)s.Value)).Build());
}
