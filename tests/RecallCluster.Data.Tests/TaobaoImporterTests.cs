using RecallCluster.Data.Importers;
using RecallCluster.Testing;

namespace RecallCluster.Data.Tests;

public sealed class TaobaoImporterTests : IDisposable
{
    private readonly TemporaryDirectory _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void Four_files_become_a_data_set()
    {
        WriteSample();
        Dataset dataset = TaobaoImporter.Import(_temporary.ToString());

        dataset.Validate();
        Assert.False(dataset.Ordered);
        Assert.Equal(["0", "1", "2", "3", "4", "5"], dataset.Items.Ids);
        Assert.Equal(["category", "brand", "price"], dataset.Items.Fields.Select(f => f.Name));
        Assert.Equal([1, 2, 2, 1, 3, 3], dataset.Items.Codes[0]);
        Assert.Equal(["", "118", "42", "7"], dataset.Items.Fields[0].Labels!);
        Assert.Equal(["0", "1"], dataset.Users.Ids);
        Assert.Equal(8, dataset.Users.Fields.Length);
        Assert.Equal([1, 2], dataset.Users.Codes[0]);
        Assert.Equal([0], dataset.Test.ItemsOf(0).ToArray());
        Assert.Equal([5, 4], dataset.Test.ItemsOf(1).ToArray());
        // Only user 0 has four training clicks; the tenth of one eligible user, rounded up, is one.
        Assert.Equal([1, 0], Enumerable.Range(0, 2).Select(user => dataset.Validation.ItemsOf(user).Length));
        Assert.Equal([1, 2, 3, 4], dataset.Train.ItemsOf(0).ToArray().Concat(dataset.Validation.ItemsOf(0).ToArray()).Order());
        Assert.Equal([2, 0, 1], dataset.Train.ItemsOf(1).ToArray());
    }

    [Fact]
    public void The_seed_draws_the_validation_click()
    {
        WriteSample();
        int Drawn(ulong seed) => TaobaoImporter.Import(_temporary.ToString(), seed).Validation.Items[0];
        Assert.Equal(Drawn(3), Drawn(3));
        Assert.True(Enumerable.Range(0, 20).Select(seed => Drawn((ulong)seed)).Distinct().Count() > 1);
    }

    [Theory]
    [InlineData("u.item", "0 118 97 1\n0 42 1 1\n", "u.item, line 2: ad '0' stands here a second time.")]
    [InlineData("u.item", "0 118 97 1\n1 42 1\n", "u.item, line 2: 3 columns, want 4 (ad, category, brand, price).")]
    [InlineData("u.item", "0 118 97 1\n1 42 1 1 1\n", "u.item, line 2: more than 4 columns (ad, category, brand, price).")]
    [InlineData("u.item", "", "u.item: the file holds no ad.")]
    [InlineData("u.user", "0 1 2 3\n", "u.user, line 1: 4 columns, want 9 (user, cms_segid, cms_group_id, gender, age_level, "
        + "pvalue_level, shopping_level, occupation, new_user_class_level).")]
    [InlineData("train.txt", "0 1 2\n7 1\n", "train.txt, line 2: user '7' is not in u.user.")]
    [InlineData("train.txt", "0 1 2\n1 1 99\n", "train.txt, line 2: ad '99' is not in u.item.")]
    [InlineData("train.txt", "0 1 2 1\n", "train.txt, line 1: ad '1' is listed for user '0' a second time (train and test together).")]
    [InlineData("train.txt", "\n \n", "train.txt: the file holds no click.")]
    [InlineData("test.txt", "1 5\n0 1\n", "test.txt, line 2: ad '1' is listed for user '0' a second time (train and test together).")]
    public void Broken_files_are_refused_with_the_line(string file, string content, string message)
    {
        WriteSample();
        _temporary.Write(file, content);
        Assert.Equal(message, Assert.Throws<InvalidDataException>(() => TaobaoImporter.Import(_temporary.ToString())).Message);
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        Assert.Contains(
            "u.item", Assert.Throws<FileNotFoundException>(() => TaobaoImporter.Import(_temporary.ToString())).Message,
            StringComparison.Ordinal);
    }

    [SharedDataFact("taobao_ads")]
    public void The_real_clicks_are_all_there_and_survive_the_directory()
    {
        Dataset dataset = TaobaoImporter.Import(SharedData.Folder("taobao_ads"));
        Assert.Equal(24_624, dataset.Items.Count);
        Assert.Equal(33_932, dataset.Users.Count);
        Assert.Equal([1_080, 7_566, 3], dataset.Items.Fields.Select(f => f.Cardinality));
        Assert.Equal(227_108, dataset.Train.Count + dataset.Validation.Count);
        Assert.Equal(3_394, dataset.Validation.Count);
        Assert.Equal(54_723, dataset.Test.Count);

        DatasetDirectory.Write(dataset, _temporary["d"]);
        DatasetDirectoryTests.AssertEqual(dataset, DatasetDirectory.Read(_temporary["d"]));
    }

    private void WriteSample()
    {
        _temporary.Write("u.item", "0 118 97 1\n1 42 646 1\n2 42 0 1\n3 118 0 0\n4 7 1 0\n5 7 1 1\n");
        _temporary.Write("u.user", "0 8 2 2 2 2 3 0 3 \n1 0 4 2 4 0 3 0 4 \n");
        _temporary.Write("train.txt", "0 1 2 3 4\n1 2 0\t1\n");
        _temporary.Write("test.txt", "0 0\n1 5 4");
    }
}
