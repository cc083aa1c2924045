using RecallCluster.Data.Importers;
using RecallCluster.Testing;

namespace RecallCluster.Data.Tests;

public sealed class AmazonImporterTests : IDisposable
{
    private readonly TemporaryDirectory _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void The_last_item_is_for_test_and_the_one_before_for_validation()
    {
        _temporary.Write("SOURCE.txt", "where it came from");
        _temporary.Write("Toys.txt", "7 30 10 20 10 40\n8 10 20\n9 50 10 30");
        Dataset dataset = AmazonImporter.Import(_temporary.ToString());

        dataset.Validate();
        Assert.Equal("amazon-toys", dataset.Name);
        Assert.True(dataset.Ordered);
        Assert.Equal(["30", "10", "20", "40", "50"], dataset.Items.Ids);
        Assert.Equal(["7", "8", "9"], dataset.Users.Ids);
        Assert.Equal([0, 1, 2], dataset.Train.ItemsOf(0).ToArray());
        Assert.Equal([1], dataset.Validation.ItemsOf(0).ToArray());
        Assert.Equal([3], dataset.Test.ItemsOf(0).ToArray());
        Assert.Equal([1, 2], dataset.Train.ItemsOf(1).ToArray());
        Assert.Equal(0, dataset.Test.ItemsOf(1).Length);
        Assert.Equal([4], dataset.Train.ItemsOf(2).ToArray());
        Assert.Equal(new SplitInfo("leave-last-out", null), dataset.Split);
    }

    [Theory]
    [InlineData("1 5\n1 6\n", "Toys.txt, line 2: user '1' stands here a second time.")]
    [InlineData("1 5\n\n2\n", "Toys.txt, line 3: user '2' has no item.")]
    [InlineData("", "Toys.txt: the file holds no user.")]
    public void Broken_files_are_refused_with_the_line(string content, string message)
    {
        string path = _temporary.Write("Toys.txt", content);
        Assert.Equal(message, Assert.Throws<InvalidDataException>(() => AmazonImporter.Import(path)).Message);
    }

    [Fact]
    public void A_directory_must_hold_exactly_one_sequence_file()
    {
        Assert.Throws<FileNotFoundException>(() => AmazonImporter.Import(_temporary.ToString()));
        _temporary.Write("a.txt", "1 2\n");
        _temporary.Write("b.txt", "1 2\n");
        Assert.Throws<FileNotFoundException>(() => AmazonImporter.Import(_temporary.ToString()));
        Assert.Throws<FileNotFoundException>(() => AmazonImporter.Import(_temporary["none.txt"]));
    }

    [SharedDataFact("amazon_toys")]
    public void The_real_reviews_are_all_there_and_survive_the_directory()
    {
        Dataset dataset = AmazonImporter.Import(SharedData.Folder("amazon_toys"));
        Assert.Equal(11_924, dataset.Items.Count);
        Assert.Equal(19_412, dataset.Users.Count);
        Assert.Equal(19_412, dataset.Validation.Count);
        Assert.Equal(19_412, dataset.Test.Count);
        Assert.Equal(167_597, dataset.Train.Count + dataset.Validation.Count + dataset.Test.Count);

        DatasetDirectory.Write(dataset, _temporary["d"]);
        DatasetDirectoryTests.AssertEqual(dataset, DatasetDirectory.Read(_temporary["d"]));
    }
}
