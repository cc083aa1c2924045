using System.Text.Json.Nodes;
using RecallCluster.Data;
using RecallCluster.Data.Storage;
using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Models;
using RecallCluster.Learning.Tests.Training;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Tests.Models;

public sealed class ModelDirectoryTests : IDisposable
{
    private static readonly Dataset Dataset = TinyWorld.Create(users: 10);
    private readonly string _folder = Directory.CreateTempSubdirectory("recall-model-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string ConfigPath => Path.Combine(_folder, ModelDirectory.ConfigFile);

    [Theory]
    [InlineData(ModelKind.Deep)]
    [InlineData(ModelKind.TwoTower)]
    public void A_saved_model_comes_back_bit_by_bit(ModelKind kind)
    {
        IAdModel model = ModelGradientTests.Randomized(TinyWorld.Config(Dataset, kind));
        ModelDirectory.Save(_folder, model);
        IAdModel loaded = ModelDirectory.Load(_folder);

        Assert.Equal(model.GetType(), loaded.GetType());
        Assert.Equal(model.Config with { ItemFields = [], UserFields = [] }, loaded.Config with { ItemFields = [], UserFields = [] });
        Assert.Equal(model.Config.ItemFields, loaded.Config.ItemFields);
        Assert.Equal(model.Config.UserFields, loaded.Config.UserFields);
        foreach ((Parameter saved, Parameter read) in model.Parameters.Zip(loaded.Parameters))
        {
            Assert.Equal(saved.Name, read.Name);
            Assert.Equal(saved.Value.Values.ToArray(), read.Value.Values.ToArray());
        }
    }

    [Fact]
    public void A_flipped_bit_is_found_or_changes_nothing()
    {
        IAdModel model = ModelGradientTests.Randomized(TinyWorld.Config(Dataset, ModelKind.TwoTower));
        ModelDirectory.Save(_folder, model);
        float[][] saved = [.. model.Parameters.Select(p => p.Value.Values.ToArray())];
        string path = Path.Combine(_folder, ModelDirectory.WeightsFile);
        byte[] whole = File.ReadAllBytes(path);
        int header = 8 + (int)BitConverter.ToUInt64(whole);
        var random = new SeededRandom(12);
        int refused = 0;
        for (int round = 0; round < 600; round++)
        {
            // The header is a small part of the file, but the one where most can go wrong.
            int at = round % 2 == 0 ? random.NextInt(header) : header + random.NextInt(whole.Length - header);
            byte[] flipped = [.. whole];
            flipped[at] ^= (byte)(1 << random.NextInt(8));
            File.WriteAllBytes(path, flipped);
            try
            {
                IAdModel loaded = ModelDirectory.Load(_folder);
                Assert.Equal(saved, loaded.Parameters.Select(p => p.Value.Values.ToArray()));
            }
            catch (InvalidDataException error)
            {
                Assert.Contains(path, error.Message, StringComparison.Ordinal);
                refused++;
            }
        }
        Assert.True(refused > 500, $"{refused} of 600 flips were refused.");
    }

    [Fact]
    public void Parameter_names_are_stable()
    {
        ModelConfig config = TinyWorld.Config(Dataset);
        string[] names = [.. ModelDirectory.Create(config, new SeededRandom(1)).Parameters.Select(parameter => parameter.Name)];
        Assert.Equal(names.Length, names.Distinct().Count());
        string[] wanted =
        [
            "target.id.weight", "target.field.group.weight", "target.hidden.weight", "target.hidden.slope", "target.output.weight",
            "target.direct.weight", "profile.field.segment.weight", "attention.query.weight", "attention.key.bias",
            "attention.value.weight",
            "first.user.weight", "first.target.weight", "first.attention.weight", "first.slope", "second.weight", "second.slope",
            "output.weight", "output.bias", "interaction.direct.weight", "interaction.network.0.weight",
        ];
        foreach (string name in wanted)
            Assert.Contains(name, names);
    }

    [Theory]
    [InlineData("width", 0, "width")]
    [InlineData("hidden1", -3, "hidden1")]
    [InlineData("hidden2", 100000, "hidden2")]
    [InlineData("version", 7, "version")]
    [InlineData("sequenceLimit", 0, "sequenceLimit")]
    [InlineData("items", -1, "items")]
    [InlineData("profileHeads", 3, "profileHeads")]
    public void A_bad_value_is_refused_and_named(string field, int value, string named) =>
        AssertRefused(json => json[field] = value, named);

    [Fact]
    public void An_unknown_kind_is_refused_and_named() => AssertRefused(json => json["kind"] = "shallow", "kind");

    [Fact]
    public void A_wrong_type_is_refused_and_named() => AssertRefused(json => json["idWidth"] = "wide", "idWidth");

    [Fact]
    public void An_unknown_member_is_refused_and_named() => AssertRefused(json => json["widht"] = 12, "widht");

    [Fact]
    public void A_field_without_codes_is_refused_and_named() =>
        AssertRefused(json => json["itemFields"]![1]!["cardinality"] = 0, "itemFields[1].cardinality");

    [Fact]
    public void A_field_that_is_there_twice_is_refused_and_named() =>
        AssertRefused(json => json["itemFields"]![1]!["name"] = json["itemFields"]![0]!["name"]!.GetValue<string>(), "itemFields[1].name");

    [Fact]
    public void A_table_that_no_tensor_holds_is_refused_and_named()
    {
        AssertRefused(json => json["items"] = 2_000_000_000, "'items'");
        AssertRefused(json => json["itemFields"]![1]!["cardinality"] = 2_000_000_000, "itemFields[1].cardinality");
    }

    [Fact]
    public void Broken_json_is_refused_with_its_line()
    {
        File.WriteAllText(ConfigPath, "{\n  \"version\": 1,\n  \"kind\": \n}");
        InvalidDataException exception = Assert.Throws<InvalidDataException>(() => ModelDirectory.LoadConfig(_folder));
        Assert.Contains(ConfigPath, exception.Message, StringComparison.Ordinal);
        Assert.Contains("line 4", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Null_is_refused()
    {
        File.WriteAllText(ConfigPath, "null");
        Assert.Contains(
            "null", Assert.Throws<InvalidDataException>(() => ModelDirectory.LoadConfig(_folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_of_other_dimensions_are_refused_and_the_tensor_is_named()
    {
        ModelDirectory.Save(_folder, ModelDirectory.Create(TinyWorld.Config(Dataset), new SeededRandom(1)));
        Edit(json => json["hidden2"] = 10);
        InvalidDataException exception = Assert.Throws<InvalidDataException>(() => ModelDirectory.Load(_folder));
        Assert.Contains("second.weight", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_files_are_named()
    {
        Assert.Contains(
            ModelDirectory.ConfigFile, Assert.Throws<FileNotFoundException>(() => ModelDirectory.Load(_folder)).Message,
            StringComparison.Ordinal);
        ModelDirectory.Save(_folder, ModelDirectory.Create(TinyWorld.Config(Dataset), new SeededRandom(1)));
        File.Delete(Path.Combine(_folder, ModelDirectory.WeightsFile));
        Assert.Contains(
            ModelDirectory.WeightsFile, Assert.Throws<FileNotFoundException>(() => ModelDirectory.Load(_folder)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_go_along_and_those_of_a_former_model_do_not_stay()
    {
        ModelConfig config = Labelled(["", "town", "two\tlines\nof land", "sea"]);
        Save(config);

        Assert.Equal(config.UserFields, ModelDirectory.Load(_folder).Config.UserFields);
        Assert.Equal(config.ItemFields, ModelDirectory.LoadConfig(_folder).ItemFields);

        Save(TinyWorld.Config(Dataset));
        Assert.Null(ModelDirectory.LoadConfig(_folder).UserFields[0].Labels);
        Assert.Equal(
            [ModelDirectory.ConfigFile, ModelDirectory.WeightsFile],
            Directory.GetFiles(_folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Labels_that_are_missing_or_broken_are_refused_with_the_place()
    {
        Save(Labelled(["", "town", "land", "sea"]));
        string path = Path.Combine(_folder, LabelFile.FileName);
        File.WriteAllText(path, File.ReadAllText(path).Replace("2\tland", "3\tland", StringComparison.Ordinal));
        string broken = Assert.Throws<InvalidDataException>(() => ModelDirectory.Load(_folder)).Message;
        File.Delete(path);
        string missing = Assert.Throws<InvalidDataException>(() => ModelDirectory.Load(_folder)).Message;

        Assert.Equal(
            $"{_folder}: labels.tsv, line 3, column 3 (code): want code 2; the labels of a field stand in the order of their codes.", broken);
        Assert.Equal($"{_folder}: labels.tsv is missing.", missing);
    }

    [Fact]
    public void A_model_whose_codes_mean_something_else_does_not_fit_a_data_set()
    {
        ModelConfig config = Labelled(["", "town", "land", "sea"]);
        Dataset With(params string[] labels) => Dataset with
        {
            Users = Dataset.Users with { Fields = [new Field("segment", 4) { Labels = labels }] },
        };

        config.RequireFit(With("", "town", "land", "sea"));
        config.RequireFit(Dataset);
        Assert.Equal(
            "Code 2 of the user field 'segment' is 'land' for the model; in data set 'tiny' it is 'sea'.",
            Assert.Throws<InvalidDataException>(() => config.RequireFit(With("", "town", "sea", "land"))).Message);
    }

    [Fact]
    public void A_truncated_weights_file_is_refused()
    {
        ModelDirectory.Save(_folder, ModelDirectory.Create(TinyWorld.Config(Dataset), new SeededRandom(1)));
        string path = Path.Combine(_folder, ModelDirectory.WeightsFile);
        byte[] bytes = File.ReadAllBytes(path);
        File.WriteAllBytes(path, bytes[..(bytes.Length / 2)]);
        Assert.Throws<InvalidDataException>(() => ModelDirectory.Load(_folder));
    }

    [Fact]
    public void A_model_for_other_ads_or_fields_does_not_fit_a_data_set()
    {
        ModelConfig config = TinyWorld.Config(Dataset);
        config.RequireFit(Dataset);
        AssertUnfit(config with { Items = 7 }, "7 ads");
        AssertUnfit(config with { ItemFields = [config.ItemFields[0]] }, "1 item fields");
        AssertUnfit(config with { UserFields = [new ModelField("segment", 9)] }, "segment");
    }

    private static ModelConfig Labelled(string[] segments) => TinyWorld.Config(Dataset) with
    {
        UserFields = [new ModelField("segment", 4) { Labels = segments }],
    };

    private void Save(ModelConfig config) => ModelDirectory.Save(_folder, ModelDirectory.Create(config, new SeededRandom(1)));

    private static void AssertUnfit(ModelConfig config, string named)
    {
        InvalidDataException exception = Assert.Throws<InvalidDataException>(() => config.RequireFit(Dataset));
        Assert.Contains(named, exception.Message, StringComparison.Ordinal);
    }

    private void AssertRefused(Action<JsonNode> change, string named)
    {
        ModelDirectory.Save(_folder, ModelDirectory.Create(TinyWorld.Config(Dataset), new SeededRandom(1)));
        Edit(change);
        InvalidDataException exception = Assert.Throws<InvalidDataException>(() => ModelDirectory.Load(_folder));
        Assert.Contains(named, exception.Message, StringComparison.Ordinal);
        Assert.Contains(ConfigPath, exception.Message, StringComparison.Ordinal);
    }

    private void Edit(Action<JsonNode> change)
    {
        JsonNode json = JsonNode.Parse(File.ReadAllText(ConfigPath))!;
        change(json);
        File.WriteAllText(ConfigPath, json.ToJsonString());
    }
}
