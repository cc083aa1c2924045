using System.Buffers.Text;
using System.Text;
using RecallCluster.Data.Text;

namespace RecallCluster.Data.Importers;

/// <summary>
/// Imports MovieLens CSVs (<c>movies.csv</c>, <c>ratings.csv</c>): a rating of at least a bound is a positive event, ordered by time.
/// Movies carry their first three genres (fields <c>genre</c>, <c>genre2</c>, <c>genre3</c>, one numbering) and the decade of release.
/// Leave-last-out: a user's last positive event is for test, the one before for validation; users with fewer than three stay in training.
/// </summary>
public static class MovieLensImporter
{
    private const double LowestRating = 0.5;
    private const double HighestRating = 5;
    private const int GenreFields = 3;

    /// <summary>Reads the CSVs in <paramref name="directory"/>.</summary>
    /// <param name="directory">
    /// Holds <c>movies.csv</c> (movieId, title, genres) and <c>ratings.csv</c> (userId, movieId, rating, timestamp).
    /// </param>
    /// <param name="minRating">Lowest rating that is a positive event, 0.5 to 5.</param>
    /// <exception cref="FileNotFoundException">One of the files is missing.</exception>
    /// <exception cref="InvalidDataException">
    /// A line is malformed, a rating outside 0.5 to 5, a movie unknown or twice there, or no rating is positive; the message names the
    /// line.
    /// </exception>
    public static Dataset Import(string directory, double minRating = 4)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentOutOfRangeException.ThrowIfLessThan(minRating, LowestRating);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minRating, HighestRating);
        (Vocabulary movies, FeatureTable items) = ReadMovies(Path.Combine(directory, "movies.csv"));
        (Vocabulary users, EventTable events) = ReadRatings(Path.Combine(directory, "ratings.csv"), movies, minRating);
        Splitter.LeaveLastOut(events, users.Count, byTime: true);
        (EventLog train, EventLog validation, EventLog test) = events.ToLogs(users.Count, byTime: true);
        return new Dataset("movielens", items, FeatureTable.OfIds(users.ToArray()), Ordered: true, train, validation, test)
        {
            Split = new SplitInfo(Splitter.LeaveLastOutRule, null),
        };
    }

    private static (Vocabulary Ids, FeatureTable Table) ReadMovies(string path)
    {
        using var reader = new CsvReader(path);
        int id = reader.Column("movieId"), title = reader.Column("title"), genres = reader.Column("genres");
        var movies = new Vocabulary();
        var genreValues = new Vocabulary();
        var genreColumns = new FieldColumn[GenreFields];
        for (int g = 0; g < GenreFields; g++)
            genreColumns[g] = new FieldColumn(g == 0 ? "genre" : $"genre{g + 1}", genreValues);
        var decade = new FieldColumn("decade");
        while (reader.Read())
        {
            movies.Add(reader.Id(id), out bool added);
            if (!added)
                throw reader.Error(id, $"movie {Utf8LineReader.Quote(reader[id])} stands here a second time.");
            AddGenres(reader[genres], genreColumns);
            decade.Add(Encoding.UTF8.GetBytes(DecadeOf(reader[title])));
        }
        if (movies.Count == 0)
            throw new InvalidDataException($"{reader.FileName}: the file holds no movie.");
        return (movies, FieldColumn.Table(movies.ToArray(), [.. genreColumns, decade]));
    }

    private static (Vocabulary Users, EventTable Events) ReadRatings(string path, Vocabulary movies, double minRating)
    {
        using var reader = new CsvReader(path);
        int userId = reader.Column("userId"), movieId = reader.Column("movieId");
        int rating = reader.Column("rating"), timestamp = reader.Column("timestamp");
        var users = new Vocabulary();
        var events = new EventTable();
        while (reader.Read())
        {
            int user = users.Add(reader.Id(userId), out _);
            int movie = movies.Find(reader.Id(movieId));
            if (movie < 0)
                throw reader.Error(movieId, $"movie {Utf8LineReader.Quote(reader[movieId])} is not in movies.csv.");
            double stars = reader.Number(rating);
            if (stars is < LowestRating or > HighestRating)
                throw reader.Error(rating, $"{stars} is outside {LowestRating} to {HighestRating}.");
            if (!reader.TryInteger(timestamp, out long time))
                throw reader.Error(timestamp, $"{Utf8LineReader.Quote(reader[timestamp])} is not a time in seconds.");
            if (stars >= minRating)
                events.Add(user, movie, time, EventKind.Conversion);
        }
        if (events.Count == 0)
            throw new InvalidDataException($"{reader.FileName}: no rating of {minRating} or more.");
        return (users, events);
    }

    private static void AddGenres(ReadOnlySpan<byte> genres, FieldColumn[] columns)
    {
        if (genres.SequenceEqual("(no genres listed)"u8))
            genres = [];
        foreach (FieldColumn column in columns)
        {
            int bar = genres.IndexOf((byte)'|');
            column.Add(bar < 0 ? genres : genres[..bar]);
            genres = bar < 0 ? [] : genres[(bar + 1)..];
        }
    }

    /// <summary>"1990s" for "Toy Story (1995)", from the last bracket that begins with a year; empty when the title has none.</summary>
    private static string DecadeOf(ReadOnlySpan<byte> title)
    {
        const int YearDigits = 4;
        int bracket = title.LastIndexOf((byte)'(');
        ReadOnlySpan<byte> inside = bracket < 0 ? [] : title[(bracket + 1)..];
        bool isYear = inside.Length >= YearDigits
            && Utf8Parser.TryParse(inside[..YearDigits], out int year, out int digits)
            && digits == YearDigits;
        return isYear ? $"{Encoding.UTF8.GetString(inside[..(YearDigits - 1)])}0s" : "";
    }
}
