using RecallCluster.Data.Importers;
using RecallCluster.Testing;

namespace RecallCluster.Data.Tests;

public sealed class MovieLensImporterTests : IDisposable
{
    private readonly TemporaryDirectory _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void Good_ratings_become_events_in_time_order_with_genres_and_decade()
    {
        WriteSample();
        Dataset dataset = MovieLensImporter.Import(_temporary.ToString());

        dataset.Validate();
        Assert.Equal(["1", "2", "3", "4", "5"], dataset.Items.Ids);
        Assert.Equal(["genre", "genre2", "genre3", "decade"], dataset.Items.Fields.Select(f => f.Name));
        Assert.Equal(["Adventure", "Comedy", "", "Drama", "Adventure"], Labels(dataset, 0));
        Assert.Equal(["Animation", "", "", "", "Comedy"], Labels(dataset, 1));
        Assert.Equal(["Comedy", "", "", "", ""], Labels(dataset, 2));
        Assert.Equal(["1990s", "2000s", "", "1950s", "2000s"], Labels(dataset, 3));
        Assert.Equal([0, 3], dataset.Train.ItemsOf(0).ToArray());
        Assert.Equal([1], dataset.Validation.ItemsOf(0).ToArray());
        Assert.Equal([2], dataset.Test.ItemsOf(0).ToArray());
        Assert.Equal([10, 20], dataset.Train.Times);
        Assert.Equal(["1", "2"], dataset.Users.Ids);
        Assert.Equal(0, dataset.Train.ItemsOf(1).Length);
    }

    [Fact]
    public void The_bound_on_ratings_can_be_moved()
    {
        WriteSample();
        Dataset dataset = MovieLensImporter.Import(_temporary.ToString(), minRating: 3.5);
        Assert.Equal([4], dataset.Train.ItemsOf(1).ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => MovieLensImporter.Import(_temporary.ToString(), minRating: 6));
        Assert.Throws<InvalidDataException>(() =>
        {
            _temporary.Write("ratings.csv", "userId,movieId,rating,timestamp\n1,1,4.5,1\n");
            return MovieLensImporter.Import(_temporary.ToString(), minRating: 5);
        });
    }

    [Theory]
    [InlineData(
        "movies.csv", "movieId,title,genres\n1,A,x\n1,B,y\n",
        "movies.csv, line 3, column 1 (movieId): movie '1' stands here a second time.")]
    [InlineData("movies.csv", "movieId,title\n1,A\n", "movies.csv, line 1: no column 'genres'; there are movieId, title.")]
    [InlineData("movies.csv", "movieId,title,genres\n1,A\n", "movies.csv, line 2: 2 fields, the header has 3 (movieId, title, genres).")]
    [InlineData("movies.csv", "movieId,title,genres\n", "movies.csv: the file holds no movie.")]
    [InlineData("movies.csv", "", "movies.csv: the file is empty.")]
    [InlineData(
        "ratings.csv", "userId,movieId,rating,timestamp\n1,99,4,1\n",
        "ratings.csv, line 2, column 2 (movieId): movie '99' is not in movies.csv.")]
    [InlineData(
        "ratings.csv", "userId,movieId,rating,timestamp\n1,1,good,1\n", "ratings.csv, line 2, column 3 (rating): 'good' is not a number.")]
    [InlineData(
        "ratings.csv", "userId,movieId,rating,timestamp\n1,1,NaN,1\n", "ratings.csv, line 2, column 3 (rating): 'NaN' is not a number.")]
    [InlineData(
        "ratings.csv", "userId,movieId,rating,timestamp\n1,1,5.5,1\n", "ratings.csv, line 2, column 3 (rating): 5.5 is outside 0.5 to 5.")]
    [InlineData(
        "ratings.csv", "userId,movieId,rating,timestamp\n1,1,5,now\n",
        "ratings.csv, line 2, column 4 (timestamp): 'now' is not a time in seconds.")]
    [InlineData(
        "ratings.csv", "userId,movieId,rating,timestamp\n1,1,5,1\n,1,5,1\n", "ratings.csv, line 3, column 1 (userId): the id is empty.")]
    public void Broken_files_are_refused_with_the_line(string file, string content, string message)
    {
        WriteSample();
        _temporary.Write(file, content);
        Assert.Equal(message, Assert.Throws<InvalidDataException>(() => MovieLensImporter.Import(_temporary.ToString())).Message);
    }

    [SharedDataFact("ml_latest_small")]
    public void The_real_ratings_are_all_there_and_survive_the_directory()
    {
        Dataset dataset = MovieLensImporter.Import(SharedData.Folder("ml_latest_small"));
        Assert.Equal(9_125, dataset.Items.Count);
        Assert.Equal(671, dataset.Users.Count);
        Assert.Equal(28_750 + 7_723 + 15_095, dataset.Train.Count + dataset.Validation.Count + dataset.Test.Count);
        Assert.Equal(19 + 1, dataset.Items.Fields[0].Cardinality);
        Assert.Equal("Adventure", Labels(dataset, 0)[0]);
        Assert.True(dataset.Items.Codes[3].Count(code => code == 0) <= 5);

        DatasetDirectory.Write(dataset, _temporary["d"]);
        DatasetDirectoryTests.AssertEqual(dataset, DatasetDirectory.Read(_temporary["d"]));
    }

    private static string[] Labels(Dataset dataset, int field) =>
        Array.ConvertAll(dataset.Items.Codes[field], code => dataset.Items.Fields[field].Labels![code]);

    private void WriteSample()
    {
        _temporary.Write(
            "movies.csv",
            "movieId,title,genres\n1,Toy (1995),Adventure|Animation|Comedy|Fantasy\n2,\"Best, The (a.k.a. \"\"Top\"\") (2003) \",Comedy\n" +
            "3,No Year,(no genres listed)\n4,Show (1957-1959),Drama\n5,Film (2009),Adventure|Comedy\n");
        _temporary.Write(
            "ratings.csv",
            "userId,movieId,rating,timestamp\n1,1,4.0,10\n1,2,5.0,30\n1,3,4.5,40\n1,4,5.0,20\n1,5,1.0,35\n2,5,3.5,50\n");
    }
}
