using RecallCluster.Data.Importers;

namespace RecallCluster.Data.Tests;

public sealed class CsvImporterTests : IDisposable
{
    private readonly TemporaryDirectory _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void Quoting_follows_RFC_4180()
    {
        string events = _temporary.Write(
            "clicks.csv", "\"user\",item\r\n\"a,1\",\"he said \"\"hi\"\"\"\r\nb,\"two\r\nlines\"\r\n\r\nb,\"\"\"\"\r\n");
        Dataset dataset = CsvImporter.Import(events);
        Assert.Equal("clicks", dataset.Name);
        Assert.Equal(["a,1", "b"], dataset.Users.Ids);
        Assert.Equal(["he said \"hi\"", "two\nlines", "\""], dataset.Items.Ids);
        Assert.Equal([0, 1, 2], dataset.Train.Items);
    }

    [Fact]
    public void Further_columns_of_items_and_users_become_fields()
    {
        var options = new CsvImportOptions
        {
            ItemsPath = _temporary.Write("items.csv", "colour,sku,note\nred,s1,x\n,s2,y\nblue,s3,z\nred,s4,w\n"),
            UsersPath = _temporary.Write("users.csv", "uid,age\nu1,30\nu2,\n"),
            ItemColumn = "sku",
            UserColumn = "uid",
            TimeColumn = "at",
            KindColumn = "what",
            Name = "shop",
            IgnoredColumns = ["note"],
        };
        string events = _temporary.Write("e.csv", "at,what,uid,sku\n3,click,u1,s3\n1,conversion,u1,s1\n2,,u1,s4\n");
        Dataset dataset = CsvImporter.Import(events, options);

        dataset.Validate();
        Assert.Equal("shop", dataset.Name);
        Assert.Equal(["colour"], dataset.Items.Fields.Select(f => f.Name));
        Assert.Equal(["", "red", "blue"], dataset.Items.Fields[0].Labels!);
        Assert.Equal([1, 0, 2, 1], dataset.Items.Codes[0]);
        Assert.Equal([1, 0], dataset.Users.Codes[0]);
        Assert.True(dataset.Ordered);
        Assert.Equal([0], dataset.Train.Items);
        Assert.Equal([1L], dataset.Train.Times);
        Assert.Equal([EventKind.Conversion], dataset.Train.Kinds);
        Assert.Equal([3], dataset.Validation.Items);
        Assert.Equal([2], dataset.Test.Items);
    }

    [Fact]
    public void ISO_times_become_milliseconds()
    {
        string events = _temporary.Write(
            "e.csv",
            "user,item,time\nu,a,2024-01-02T00:00:00.5Z\nu,b,2024-01-02 01:00:00+02:00\nu,c,2024-01-02\nv,a,7\n");
        EventLog train = CsvImporter.Import(
            events, new CsvImportOptions { Split = CsvSplit.Random, ValidationShare = 0, TestShare = 0 }).Train;
        long day = new DateTimeOffset(2024, 1, 2, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
        Assert.Equal([day - 3_600_000, day, day + 500, 7], train.Times);
        Assert.Equal([1, 2, 0, 0], train.Items);
    }

    [Fact]
    public void A_split_by_time_holds_out_the_newest_and_never_cuts_an_instant()
    {
        string events = _temporary.Write(
            "e.csv", "user,item,time\n" + string.Concat(Enumerable.Range(0, 100).Select(i => $"u{i % 7},i{i % 5},{i / 4}\n")));
        Dataset dataset = CsvImporter.Import(
            events, new CsvImportOptions { Split = CsvSplit.Time, ValidationShare = 0.2, TestShare = 0.1 });
        Assert.Equal(100, dataset.Train.Count + dataset.Validation.Count + dataset.Test.Count);
        Assert.True(dataset.Train.Times.Max() < dataset.Validation.Times.Min());
        Assert.True(dataset.Validation.Times.Max() < dataset.Test.Times.Min());
        Assert.InRange(dataset.Test.Count, 7, 10);
        Assert.InRange(dataset.Validation.Count, 17, 23);
    }

    [Fact]
    public void A_random_split_follows_its_seed_and_shares()
    {
        string events = _temporary.Write(
            "e.csv", "user,item\n" + string.Concat(Enumerable.Range(0, 5000).Select(i => $"u{i % 50},i{i}\n")));
        Dataset Split(ulong seed) =>
            CsvImporter.Import(
                events, new CsvImportOptions { Split = CsvSplit.Random, ValidationShare = 0.2, TestShare = 0.3, Seed = seed });
        Dataset first = Split(1);
        Assert.Equal(first.Test.Items, Split(1).Test.Items);
        Assert.NotEqual(first.Test.Items, Split(2).Test.Items);
        Assert.InRange(first.Test.Count, 1350, 1650);
        Assert.InRange(first.Validation.Count, 850, 1150);
        Assert.False(first.Ordered);
        Assert.Equal(1UL, first.Split.Seed);
    }

    [Theory]
    [InlineData("", "e.csv: the file is empty.")]
    [InlineData("user,item\n", "e.csv: the file holds no event.")]
    [InlineData("user,thing\nu,a\n", "e.csv, line 1: no column 'item'; there are user, thing.")]
    [InlineData("user,item,item\nu,a,b\n", "e.csv, line 1, column 3 (item): the column's name is empty or taken.")]
    [InlineData("user,item\nu,a\nu\n", "e.csv, line 3: 1 fields, the header has 2 (user, item).")]
    [InlineData("user,item\nu,a,\n", "e.csv, line 2: 3 fields, the header has 2 (user, item).")]
    [InlineData("user,item\nu,\n", "e.csv, line 2, column 2 (item): the id is empty.")]
    [InlineData("user,item\nu,\"a\nb\nc\n", "e.csv, line 2: a quoted field is never closed.")]
    [InlineData("user,item\nu,\"a\"b\n", "e.csv, line 2: field 2 goes on behind its closing double quote.")]
    [InlineData("user,item\nu,a\"b\n", "e.csv, line 2: field 2 has a double quote inside but does not begin with one.")]
    [InlineData("user,item\n\"x\ny\",a\nu,\"\"\n", "e.csv, line 4, column 2 (item): the id is empty.")]
    [InlineData("user,item,time\nu,a,1e3\n", "e.csv, line 2, column 3 (time): '1e3' is neither an integer nor an ISO 8601 time.")]
    [InlineData("user,item,kind\nu,a,view\n", "e.csv, line 2, column 3 (kind): 'view' is not one of click, conversion.")]
    public void Broken_events_are_refused_with_the_line(string content, string message)
    {
        string events = _temporary.Write("e.csv", content);
        Assert.Equal(message, Assert.Throws<InvalidDataException>(() => CsvImporter.Import(events)).Message);
    }

    [Fact]
    public void Ids_must_be_in_the_tables_that_are_given()
    {
        string events = _temporary.Write("e.csv", "user,item\nu,a\nu,b\n");
        var options = new CsvImportOptions { ItemsPath = _temporary.Write("i.csv", "item,c\na,1\n") };
        Assert.Equal("e.csv, line 3, column 2 (item): 'b' is not in i.csv.", Message(events, options));
        _temporary.Write("i.csv", "item,c\na,1\na,2\n");
        Assert.Equal("i.csv, line 3, column 1 (item): the id 'a' stands here a second time.", Message(events, options));
        _temporary.Write("i.csv", "item,c\n");
        Assert.Equal("i.csv: the file holds no item.", Message(events, options));
        _temporary.Write("i.csv", "sku,item\na,1\n");
        Assert.Contains("no field may be called 'item'", Message(events, options with { ItemColumn = "sku" }), StringComparison.Ordinal);
    }

    [Fact]
    public void Options_that_make_no_sense_are_refused()
    {
        string events = _temporary.Write("e.csv", "user,item\nu,a\n");
        Assert.Throws<ArgumentException>(() => CsvImporter.Import(events, new CsvImportOptions { TestShare = double.NaN }));
        Assert.Throws<ArgumentException>(() => CsvImporter.Import(events, new CsvImportOptions { TestShare = 0.6, ValidationShare = 0.5 }));
        Assert.Contains("time column", Message(events, new CsvImportOptions { Split = CsvSplit.Time }), StringComparison.Ordinal);
        Assert.Throws<FileNotFoundException>(() => CsvImporter.Import(_temporary["none.csv"]));
    }

    private static string Message(string events, CsvImportOptions options) =>
        Assert.Throws<InvalidDataException>(() => CsvImporter.Import(events, options)).Message;
}
