using RecallCluster.Data.Storage;
using RecallCluster.Data.Text;

namespace RecallCluster.Data;

/// <summary>
/// A data set as a directory of text files, UTF-8, tab-separated with a header line:
/// <code>
/// dataset.json   format, version, name, ordered, and count and fields of each table
/// items.tsv      item, then the code of each field (0 = unknown)
/// users.tsv      user, then the code of each field
/// labels.tsv     table, field, code, label: what the codes of labelled fields mean (only when there are any)
/// events.tsv     user, item, time or 0, kind (click, conversion), part (train, validation, test)
/// split.json     how events were split, the seed, and how many fell into each part
/// </code>
/// Tab, line feed, carriage return and backslash inside an id or a label stand as \t, \n, \r and \\, so any text survives. A directory
/// appears only when it is complete: it is written beside its place, flushed, and renamed. Reading checks everything and allocates nothing
/// per field; a million items and five million events take a few seconds.
/// </summary>
public static class DatasetDirectory
{
    private const string ItemsFile = "items.tsv";
    private const string UsersFile = "users.tsv";

    /// <summary>Writes <paramref name="dataset"/> to <paramref name="path"/>.</summary>
    /// <param name="dataset">What to write; checked first.</param>
    /// <param name="path">The directory, which must not exist or be empty unless <paramref name="overwrite"/>.</param>
    /// <param name="overwrite">Whether a data-set directory that stands there is replaced; anything else is never touched.</param>
    /// <exception cref="ArgumentException">The data set's parts do not fit together (see <see cref="Dataset.Validate"/>).</exception>
    /// <exception cref="IOException">
    /// There is something at <paramref name="path"/> already, or writing failed; then nothing is left behind.
    /// </exception>
    public static void Write(Dataset dataset, string path, bool overwrite = false)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentException.ThrowIfNullOrEmpty(path);
        dataset.Validate();
        if ((long)dataset.Train.Count + dataset.Validation.Count + dataset.Test.Count > Array.MaxLength)
            throw new ArgumentException(
                $"The data set has more than {Array.MaxLength} events; a directory holds no more.", nameof(dataset));
        string target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        CheckTarget(target, overwrite);
        string parent = Path.GetDirectoryName(target) ?? throw new IOException(
            $"{target}: a data set cannot be written over a file system's root.");
        Directory.CreateDirectory(parent);

        string aside = $"{target}.{Guid.NewGuid():N}.partial";
        Directory.CreateDirectory(aside);
        try
        {
            WriteFiles(dataset, aside);
            Replace(aside, target);
        }
        finally
        {
            if (Directory.Exists(aside))
                Directory.Delete(aside, recursive: true);
        }
    }

    /// <summary>Reads and checks the data set at <paramref name="path"/>.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such directory.</exception>
    /// <exception cref="InvalidDataException">A file is missing or broken; the message names file, line and column.</exception>
    public static Dataset Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!Directory.Exists(path))
            throw new DirectoryNotFoundException($"{path}: there is no such directory.");
        if (!File.Exists(Path.Combine(path, Manifest.FileName)))
            throw new InvalidDataException($"{path}: not a data-set directory ({Manifest.FileName} is missing).");

        Manifest manifest = Manifest.Read(path);
        var split = JsonFile.Read<SplitManifest>(path, SplitManifest.FileName);
        (Field[] itemFields, Field[] userFields) = LabelFile.Read(path, manifest.Items.Labelled(), manifest.Users.Labelled());
        (Vocabulary items, int[][] itemCodes) = FeatureTableFile.Read(path, ItemsFile, DatasetChecks.ItemTable, manifest.Items);
        (Vocabulary users, int[][] userCodes) = FeatureTableFile.Read(path, UsersFile, DatasetChecks.UserTable, manifest.Users);
        EventTable events = EventFile.Read(path, manifest, users, items);
        (EventLog train, EventLog validation, EventLog test) = events.ToLogs(users.Count, byTime: false);
        CheckPart(train, split.Train, "train");
        CheckPart(validation, split.Validation, "validation");
        CheckPart(test, split.Test, "test");
        return new Dataset(
            manifest.Name,
            new FeatureTable(items.ToArray(), itemFields, itemCodes),
            new FeatureTable(users.ToArray(), userFields, userCodes),
            manifest.Ordered,
            train,
            validation,
            test)
        {
            Split = new SplitInfo(split.Rule, split.Seed),
        };
    }

    private static void WriteFiles(Dataset dataset, string directory)
    {
        FeatureTableFile.Write(directory, ItemsFile, DatasetChecks.ItemTable, dataset.Items);
        FeatureTableFile.Write(directory, UsersFile, DatasetChecks.UserTable, dataset.Users);
        LabelFile.Write(directory, dataset.Items.Fields, dataset.Users.Fields);
        EventFile.Write(directory, dataset);
        int train = dataset.Train.Count, validation = dataset.Validation.Count, test = dataset.Test.Count;
        JsonFile.Write(
            directory, SplitManifest.FileName, new SplitManifest(dataset.Split.Rule, dataset.Split.Seed, train, validation, test));
        JsonFile.Write(
            directory,
            Manifest.FileName,
            new Manifest(
                Manifest.FormatName,
                Manifest.CurrentVersion,
                dataset.Name,
                dataset.Ordered,
                TableManifest.Of(dataset.Items),
                TableManifest.Of(dataset.Users),
                train + validation + test));
    }

    private static void CheckTarget(string target, bool overwrite)
    {
        if (File.Exists(target))
            throw new IOException($"{target}: there is a file of that name.");
        if (!Directory.Exists(target) || !Directory.EnumerateFileSystemEntries(target).Any())
            return;
        if (!File.Exists(Path.Combine(target, Manifest.FileName)))
            throw new IOException($"{target}: the directory is not empty and not a data set; it is left as it is.");
        if (!overwrite)
            throw new IOException($"{target}: there is a data set already.");
    }

    /// <summary>Puts the finished directory in its place; an old one steps aside first and goes when the new one stands.</summary>
    private static void Replace(string aside, string target)
    {
        if (!Directory.Exists(target))
        {
            Directory.Move(aside, target);
            return;
        }
        string old = $"{target}.{Guid.NewGuid():N}.replaced";
        Directory.Move(target, old);
        try
        {
            Directory.Move(aside, target);
        }
        catch (IOException)
        {
            Directory.Move(old, target);
            throw;
        }
        Directory.Delete(old, recursive: true);
    }

    private static void CheckPart(EventLog log, int wanted, string part)
    {
        if (log.Count != wanted)
            throw new InvalidDataException($"{EventFile.FileName}: {log.Count} {part} events, {SplitManifest.FileName} says {wanted}.");
    }
}
