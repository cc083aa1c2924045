using RecallCluster.Numerics;

namespace RecallCluster.Data.Tests;

public sealed class DatasetDirectoryTests : IDisposable
{
    private readonly TemporaryDirectory _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void What_is_written_is_read_back_whatever_it_is()
    {
        var random = new SeededRandom(11);
        for (int round = 0; round < 60; round++)
        {
            Dataset written = SampleDatasets.Random(random);
            DatasetDirectory.Write(written, _temporary[$"d{round}"]);
            AssertEqual(written, DatasetDirectory.Read(_temporary[$"d{round}"]));
        }
    }

    [Fact]
    public void The_files_are_as_documented()
    {
        DatasetDirectory.Write(SampleDatasets.Small(), _temporary["d"]);

        Assert.Equal("item\tcategory\tprice\na1\t1\t0\na2\t2\t4\n", File.ReadAllText(_temporary["d/items.tsv"]));
        Assert.Equal("user\tage\nu1\t3\nu2\t0\n", File.ReadAllText(_temporary["d/users.tsv"]));
        Assert.Equal(
            "table\tfield\tcode\tlabel\nitem\tcategory\t1\tshoes\nitem\tcategory\t2\thats\n", File.ReadAllText(_temporary["d/labels.tsv"]));
        Assert.Equal(
            "user\titem\ttime\tkind\tpart\n" +
            "u1\ta1\t10\tclick\ttrain\nu1\ta2\t20\tconversion\ttrain\nu1\ta1\t30\tclick\tvalidation\nu2\ta2\t5\tclick\ttest\n",
            File.ReadAllText(_temporary["d/events.tsv"]));
        Assert.Equal(
            "{\n  \"rule\": \"by hand\",\n  \"seed\": 7,\n  \"train\": 2,\n  \"validation\": 1,\n  \"test\": 1\n}\n",
            File.ReadAllText(_temporary["d/split.json"]));
    }

    [Fact]
    public void Carriage_returns_byte_order_mark_and_interleaved_users_are_accepted()
    {
        DatasetDirectory.Write(SampleDatasets.Small(), _temporary["d"]);
        File.WriteAllText(_temporary["d/items.tsv"], "\uFEFFitem\tcategory\tprice\r\na1\t1\t0\r\na2\t2\t4\r\n");
        File.WriteAllText(
            _temporary["d/events.tsv"],
            "user\titem\ttime\tkind\tpart\n" +
            "u2\ta2\t5\tclick\ttest\nu1\ta1\t30\tclick\tvalidation\nu1\ta1\t10\tclick\ttrain\nu1\ta2\t20\tconversion\ttrain\n");

        AssertEqual(SampleDatasets.Small(), DatasetDirectory.Read(_temporary["d"]));
    }

    [Theory]
    [InlineData("items.tsv", "a2\t2\t4\n", "a2\t2\n", "items.tsv, line 3: 2 columns, want 3 (item, category, price).")]
    [InlineData("items.tsv", "a2\t2\t4\n", "a2\t2\t4\t\n", "items.tsv, line 3: 4 columns, want 3 (item, category, price).")]
    [InlineData("items.tsv", "a2\t2\t4\n", "a2\t2\t5\n", "items.tsv, line 3, column 3 (price): 5 is outside 0 to 4.")]
    [InlineData("items.tsv", "a2\t2\t4\n", "a2\t-1\t4\n", "items.tsv, line 3, column 2 (category): -1 is outside 0 to 2.")]
    [InlineData("items.tsv", "a2\t2\t4\n", "a2\t2x\t4\n", "items.tsv, line 3, column 2 (category): '2x' is not an integer.")]
    [InlineData("items.tsv", "a2\t2\t4\n", "a2\t\t4\n", "items.tsv, line 3, column 2 (category): '' is not an integer.")]
    [InlineData("items.tsv", "a2\t2\t4\n", "a1\t2\t4\n", "items.tsv, line 3, column 1 (item): the id 'a1' stands here a second time.")]
    [InlineData("items.tsv", "a2\t2\t4\n", "\t2\t4\n", "items.tsv, line 3, column 1 (item): the id is empty.")]
    [InlineData(
        "items.tsv", "a2\t2\t4\n", "a2\\q\t2\t4\n",
        "items.tsv, line 3, column 1 (item): 'a2\\q' has a backslash that is not part of \\t, \\n, \\r or \\\\.")]
    [InlineData("items.tsv", "a2\t2\t4\n", "", "items.tsv: 1 rows, dataset.json says 2.")]
    [InlineData("items.tsv", "a2\t2\t4\n", "a2\t2\t4\na3\t1\t1\n", "items.tsv, line 4: one row more than the 2 that dataset.json says.")]
    [InlineData(
        "items.tsv", "a2\t2\t4\n", "a2\t2\t4", "items.tsv, line 3: the line does not end with a line break; the file is cut short.")]
    [InlineData(
        "items.tsv", "item\tcategory", "item\tcolour",
        "items.tsv, line 1, column 2 (category): the header says 'colour', want 'category'.")]
    [InlineData("users.tsv", "u2\t0\n", "u1\t0\n", "users.tsv, line 3, column 1 (user): the id 'u1' stands here a second time.")]
    [InlineData("events.tsv", "u2\ta2\t5", "u3\ta2\t5", "events.tsv, line 5, column 1 (user): unknown user 'u3'.")]
    [InlineData("events.tsv", "u2\ta2\t5", "u2\ta9\t5", "events.tsv, line 5, column 2 (item): unknown item 'a9'.")]
    [InlineData("events.tsv", "u2\ta2\t5", "u2\ta2\t5.5", "events.tsv, line 5, column 3 (time): '5.5' is not an integer.")]
    [InlineData(
        "events.tsv", "u2\ta2\t5", "u2\ta2\t99999999999999999999",
        "events.tsv, line 5, column 3 (time): '99999999999999999999' is not an integer.")]
    [InlineData("events.tsv", "5\tclick", "5\tCLICK", "events.tsv, line 5, column 4 (kind): 'CLICK' is not one of click, conversion.")]
    [InlineData("events.tsv", "\ttest", "\tTest", "events.tsv, line 5, column 5 (part): 'Test' is not one of train, validation, test.")]
    [InlineData(
        "events.tsv", "\t20\t", "\t9\t",
        "events.tsv, line 3: time 9 is before 10, the user's event above it; an ordered data set lists them oldest first.")]
    [InlineData("events.tsv", "u2\ta2\t5\tclick\ttest\n", "", "events.tsv: 3 events, dataset.json says 4.")]
    [InlineData(
        "events.tsv", "click\ttest\n", "click\ttest\nu2\ta2\t6\tclick\ttest\n",
        "events.tsv, line 6: one event more than the 4 that dataset.json says.")]
    [InlineData("events.tsv", "\ttest", "\ttrain", "events.tsv: 3 train events, split.json says 2.")]
    [InlineData(
        "labels.tsv", "item\tcategory\t2\thats\n", "",
        "labels.tsv: the file ends before the label of code 2 of field 'category' (item table).")]
    [InlineData(
        "labels.tsv", "category\t2\t", "category\t1\t",
        "labels.tsv, line 3, column 3 (code): want code 2; the labels of a field stand in the order of their codes.")]
    [InlineData("labels.tsv", "\thats\n", "\thats\nitem\tprice\t1\tlow\n", "labels.tsv, line 4: a row beyond the last labelled field.")]
    [InlineData("dataset.json", "\"version\": 1", "\"version\": 2", "dataset.json: version 2; this program reads version 1.")]
    [InlineData("dataset.json", "recallcluster-dataset", "other", "dataset.json: format is 'other', want 'recallcluster-dataset'.")]
    [InlineData("dataset.json", "categorical", "numeric", "dataset.json: items.fields[0].role is 'numeric', want 'categorical'.")]
    [InlineData(
        "dataset.json", "\"count\": 2", "\"count\": 2000000000",
        "items.tsv: dataset.json says 2000000000 rows, more than a file of 34 bytes holds.")]
    [InlineData("dataset.json", "\"fields\": [", "\"fields\": [ null,", "dataset.json: items.fields[0] is null.")]
    [InlineData("dataset.json", "\"count\": 2", "\"count\": -2", "dataset.json: items.count is -2.")]
    [InlineData(
        "dataset.json", "\"events\": 4", "\"events\": 2000000000",
        "events.tsv: dataset.json says 2000000000 events, more than a file of 117 bytes holds.")]
    public void Broken_files_are_refused_with_the_place(string file, string was, string becomes, string message)
    {
        DatasetDirectory.Write(SampleDatasets.Small(), _temporary["d"]);
        string path = _temporary[$"d/{file}"];
        string content = File.ReadAllText(path);
        int at = content.IndexOf(was, StringComparison.Ordinal);
        Assert.True(at >= 0, $"'{was}' is not in {file}:\n{content}");
        File.WriteAllText(path, content[..at] + becomes + content[(at + was.Length)..]);

        Assert.Equal(message, Assert.Throws<InvalidDataException>(() => DatasetDirectory.Read(_temporary["d"])).Message);
    }

    [Theory]
    [InlineData("items.tsv")]
    [InlineData("users.tsv")]
    [InlineData("events.tsv")]
    [InlineData("labels.tsv")]
    [InlineData("split.json")]
    [InlineData("dataset.json")]
    public void A_missing_or_empty_file_is_named(string file)
    {
        DatasetDirectory.Write(SampleDatasets.Small(), _temporary["d"]);
        File.WriteAllText(_temporary[$"d/{file}"], "");
        Assert.Contains(
            file, Assert.Throws<InvalidDataException>(() => DatasetDirectory.Read(_temporary["d"])).Message, StringComparison.Ordinal);
        File.Delete(_temporary[$"d/{file}"]);
        string message = Assert.Throws<InvalidDataException>(() => DatasetDirectory.Read(_temporary["d"])).Message;
        Assert.Contains($"{file} is missing", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_are_not_UTF8_are_refused_with_the_line()
    {
        DatasetDirectory.Write(SampleDatasets.Small(), _temporary["d"]);
        File.WriteAllBytes(_temporary["d/users.tsv"], [.. "user\tage\nu1\t3\nu"u8, 0xC3, 0x28, .. "\t0\n"u8]);
        var error = Assert.Throws<InvalidDataException>(() => DatasetDirectory.Read(_temporary["d"]));
        Assert.Equal("users.tsv, line 3: the line is not valid UTF-8.", error.Message);
    }

    [Fact]
    public void Broken_json_is_refused_with_the_line()
    {
        DatasetDirectory.Write(SampleDatasets.Small(), _temporary["d"]);
        File.WriteAllText(_temporary["d/split.json"], "{\n  \"rule\": \"x\",\n  \"seed\": oops\n}");
        var error = Assert.Throws<InvalidDataException>(() => DatasetDirectory.Read(_temporary["d"]));
        Assert.StartsWith("split.json, line 3: ", error.Message, StringComparison.Ordinal);
        Assert.Throws<DirectoryNotFoundException>(() => DatasetDirectory.Read(_temporary["nowhere"]));
    }

    /// <summary>Cutting any file anywhere is noticed: no cut may yield a data set that differs silently.</summary>
    [Theory]
    [InlineData("items.tsv")]
    [InlineData("users.tsv")]
    [InlineData("events.tsv")]
    [InlineData("labels.tsv")]
    [InlineData("split.json")]
    [InlineData("dataset.json")]
    public void Every_truncation_is_noticed(string file)
    {
        DatasetDirectory.Write(SampleDatasets.Small(), _temporary["d"]);
        byte[] whole = File.ReadAllBytes(_temporary[$"d/{file}"]);
        // The last byte of a JSON file is its line break, which carries nothing.
        int cuts = file.EndsWith("json", StringComparison.Ordinal) ? whole.Length - 1 : whole.Length;
        for (int length = 0; length < cuts; length++)
        {
            File.WriteAllBytes(_temporary[$"d/{file}"], whole[..length]);
            Assert.Throws<InvalidDataException>(() => DatasetDirectory.Read(_temporary["d"]));
        }
    }

    [Fact]
    public void A_line_longer_than_the_buffer_and_many_lines_are_read()
    {
        string longId = new('x', 3_000_000);
        string[] ids = [longId, .. Enumerable.Range(0, 200_000).Select(i => $"item{i}")];
        var written = new Dataset(
            "long", FeatureTable.OfIds(ids), FeatureTable.OfIds([]), false, EventLog.Empty(0), EventLog.Empty(0), EventLog.Empty(0));
        DatasetDirectory.Write(written, _temporary["d"]);
        Assert.Equal(ids, DatasetDirectory.Read(_temporary["d"]).Items.Ids);
    }

    [Fact]
    public void A_data_set_is_replaced_only_when_asked_and_other_directories_never()
    {
        DatasetDirectory.Write(SampleDatasets.Small(), _temporary["d"]);
        Assert.Throws<IOException>(() => DatasetDirectory.Write(SampleDatasets.Small(), _temporary["d"]));
        DatasetDirectory.Write(SampleDatasets.Small() with { Name = "second" }, _temporary["d"], overwrite: true);
        Assert.Equal("second", DatasetDirectory.Read(_temporary["d"]).Name);

        Directory.CreateDirectory(_temporary["other"]);
        _temporary.Write("other/precious.txt", "mine");
        Assert.Throws<IOException>(() => DatasetDirectory.Write(SampleDatasets.Small(), _temporary["other"], overwrite: true));
        _temporary.Write("file", "");
        Assert.Throws<IOException>(() => DatasetDirectory.Write(SampleDatasets.Small(), _temporary["file"], overwrite: true));
        Assert.Equal(["d", "file", "other"], Directory.GetFileSystemEntries(_temporary.ToString()).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void A_write_that_fails_leaves_nothing_behind()
    {
        Dataset unwritable = SampleDatasets.Small() with
        {
            Users = new FeatureTable(["u1", "lone \uD800 surrogate"], [new Field("age", 4)], [[3, 0]]),
        };
        Assert.ThrowsAny<ArgumentException>(() => DatasetDirectory.Write(unwritable, _temporary["d"]));
        Assert.Empty(Directory.GetFileSystemEntries(_temporary.ToString()));
    }

    internal static void AssertEqual(Dataset expected, Dataset actual)
    {
        Assert.Equal(expected.Name, actual.Name);
        Assert.Equal(expected.Ordered, actual.Ordered);
        Assert.Equal(expected.Split, actual.Split);
        AssertEqual(expected.Items, actual.Items);
        AssertEqual(expected.Users, actual.Users);
        AssertEqual(expected.Train, actual.Train);
        AssertEqual(expected.Validation, actual.Validation);
        AssertEqual(expected.Test, actual.Test);
    }

    private static void AssertEqual(FeatureTable expected, FeatureTable actual)
    {
        Assert.Equal(expected.Ids, actual.Ids);
        Assert.Equal(expected.Fields.Select(f => (f.Name, f.Cardinality)), actual.Fields.Select(f => (f.Name, f.Cardinality)));
        Assert.Equal(expected.Fields.Select(f => f.Labels), actual.Fields.Select(f => f.Labels));
        Assert.Equal(expected.Codes, actual.Codes);
    }

    private static void AssertEqual(EventLog expected, EventLog actual)
    {
        Assert.Equal(expected.UserSplits, actual.UserSplits);
        Assert.Equal(expected.Items, actual.Items);
        Assert.Equal(expected.Times, actual.Times);
        Assert.Equal(expected.Kinds, actual.Kinds);
    }
}
