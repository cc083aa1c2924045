using System.Globalization;
using System.Text;
using Microsoft.Data.Sqlite;
using RecallCluster.Numerics;
using SQLitePCL;

namespace RecallCluster.Serving.State;

/// <summary>
/// The journal's file: SQLite with a write-ahead log, flushed at every commit, locked by one process. Every failure becomes an
/// <see cref="IOException"/> (the machine's fault) or an <see cref="InvalidDataException"/> (the file's), which name the file.
/// </summary>
/// <remarks>
/// <code>
/// meta      name, value, checksum             epoch, first record that is kept, what hosts store
/// batch     first, count, records             one row a transaction; each record has a checksum
/// verdict   first, verdicts, checksum         what became of the records of a batch, a byte each; written with the next transaction
/// snapshot  key, sequence, state, checksum    a machine's memory after that record
/// </code>
/// A checksum covers its whole row: SQLite itself sees damage to its pages' structure, not to what stands in them.
/// A snapshot is written in or after the transaction that holds the verdicts on all records that it has seen. So a machine that follows
/// another one
/// always learns the verdict again: from the other machine when it is still to apply the record, else from the file.
/// </remarks>
internal sealed class JournalFile : IDisposable
{
    private const int Version = 1;
    private const int ApplicationId = 0x52434A4C; // "RCJL"
    private const string Schema = """
        CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL, checksum INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE batch (first INTEGER PRIMARY KEY, count INTEGER NOT NULL, records BLOB NOT NULL);
        CREATE TABLE verdict (first INTEGER PRIMARY KEY, verdicts BLOB NOT NULL, checksum INTEGER NOT NULL);
        CREATE TABLE snapshot (key TEXT PRIMARY KEY, sequence INTEGER NOT NULL, state BLOB NOT NULL,
            checksum INTEGER NOT NULL) WITHOUT ROWID;
        """;

    private readonly string _path;
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _insertBatch, _insertVerdict, _putSnapshot, _putMeta, _deleteBatches, _deleteVerdicts;

    private JournalFile(string path, SqliteConnection connection)
    {
        _path = path;
        _connection = connection;
        _insertBatch = Command("INSERT INTO batch VALUES ($first, $count, $records)");
        _insertVerdict = Command("INSERT INTO verdict VALUES ($first, $verdicts, $checksum)");
        _putSnapshot = Command("INSERT OR REPLACE INTO snapshot VALUES ($key, $sequence, $state, $checksum)");
        _putMeta = Command("INSERT OR REPLACE INTO meta VALUES ($name, $value, $checksum)");
        _deleteBatches = Command("DELETE FROM batch WHERE first < $first");
        _deleteVerdicts = Command("DELETE FROM verdict WHERE first < $first");
    }

    /// <summary>Opens a file, or makes it.</summary>
    /// <exception cref="IOException">It cannot be opened, or another process has it.</exception>
    /// <exception cref="InvalidDataException">It is damaged, of a later version, or something else.</exception>
    public static JournalFile Open(string path, bool check)
    {
        var text = new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 1 };
        var connection = new SqliteConnection(text.ConnectionString);
        try
        {
            connection.Open();

            // The lock is taken with the first access and kept: it has to be asked for before the file is touched.
            Execute(connection, "PRAGMA locking_mode = EXCLUSIVE");
            Execute(connection, "PRAGMA journal_mode = WAL");
            Execute(connection, "PRAGMA synchronous = FULL");
            Execute(connection, "PRAGMA secure_delete = ON");
            Prepare(path, connection, check);
            return new JournalFile(path, connection);
        }
        catch (SqliteException e)
        {
            connection.Dispose();
            throw Translate(path, "it cannot be opened", e);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>All named values.</summary>
    public IEnumerable<(string Name, string Value)> Meta()
    {
        using SqliteCommand command = Command("SELECT name, value, checksum FROM meta");
        using SqliteDataReader reader = Guard("it cannot be read", command.ExecuteReader);
        while (Guard("it cannot be read", reader.Read))
        {
            (string name, string value) = (reader.GetString(0), reader.GetString(1));
            Verify(Checksum(name, 0, Encoding.UTF8.GetBytes(value)), reader.GetInt64(2), $"the value '{name}'");
            yield return (name, value);
        }
    }

    /// <summary>All snapshots.</summary>
    public IEnumerable<(string Key, long Sequence, byte[] State)> Snapshots()
    {
        using SqliteCommand command = Command("SELECT key, sequence, state, checksum FROM snapshot ORDER BY key");
        using SqliteDataReader reader = Guard("it cannot be read", command.ExecuteReader);
        while (Guard("it cannot be read", reader.Read))
        {
            (string key, long sequence, byte[] state) = (reader.GetString(0), reader.GetInt64(1), (byte[])reader.GetValue(2));
            Verify(Checksum(key, sequence, state), reader.GetInt64(3), $"the snapshot of {key}");
            yield return (key, sequence, state);
        }
    }

    /// <summary>All transactions that are kept, oldest first, with the verdicts where they are known.</summary>
    public IEnumerable<(long First, int Count, byte[] Records, byte[]? Verdicts)> Batches()
    {
        using SqliteCommand command = Command(
            "SELECT batch.first, count, records, verdicts, checksum FROM batch LEFT JOIN verdict USING (first) ORDER BY batch.first");
        using SqliteDataReader reader = Guard("it cannot be read", command.ExecuteReader);
        while (Guard("it cannot be read", reader.Read))
        {
            long first = reader.GetInt64(0);
            byte[]? verdicts = reader.IsDBNull(3) ? null : (byte[])reader.GetValue(3);
            if (verdicts is not null)
                Verify(Checksum("", first, verdicts), reader.GetInt64(4), $"the verdicts on record {first} and those after it");
            yield return (first, reader.GetInt32(1), (byte[])reader.GetValue(2), verdicts);
        }
    }

    /// <summary>Runs writes as one transaction: all of it is durable, or nothing happened.</summary>
    /// <exception cref="IOException">Nothing happened; the message says why.</exception>
    public void Transact(Action writes)
    {
        try
        {
            Execute(_connection, "BEGIN IMMEDIATE");
            writes();
            Execute(_connection, "COMMIT");
        }
        catch (SqliteException e)
        {
            RollBack();
            throw Translate(_path, "it cannot be written", e);
        }
        catch
        {
            RollBack();
            throw;
        }
    }

    public void InsertBatch(long first, int count, byte[] records) => Run(_insertBatch, first, count, records);

    public void InsertVerdicts(long first, byte[] verdicts) => Run(_insertVerdict, first, verdicts, Checksum("", first, verdicts));

    public void PutSnapshot(string key, long sequence, byte[] state) =>
        Run(_putSnapshot, key, sequence, state, Checksum(key, sequence, state));

    public void PutMeta(string name, string value) => Run(_putMeta, name, value, Checksum(name, 0, Encoding.UTF8.GetBytes(value)));

    public void DeleteBelow(long first)
    {
        Run(_deleteBatches, first);
        Run(_deleteVerdicts, first);
    }

    /// <summary>Bounds the file, to try out a full disk.</summary>
    public void LimitPages(long pages) =>
        Execute(_connection, string.Create(CultureInfo.InvariantCulture, $"PRAGMA max_page_count = {pages}"));

    public void Dispose()
    {
        foreach (SqliteCommand command in (SqliteCommand[])[_insertBatch, _insertVerdict, _putSnapshot, _putMeta, _deleteBatches,
            _deleteVerdicts])
            command.Dispose();
        _connection.Dispose();
    }

    private static void Prepare(string path, SqliteConnection connection, bool check)
    {
        long version = Number(connection, "PRAGMA user_version"), application = Number(connection, "PRAGMA application_id");
        if (version == 0 && Number(connection, "SELECT count(*) FROM sqlite_schema") == 0)
        {
            string mark = $"PRAGMA application_id = {ApplicationId}; PRAGMA user_version = {Version}";
            Execute(connection, $"BEGIN IMMEDIATE; {Schema} {mark}; COMMIT");
            return;
        }
        if (application != ApplicationId)
            throw new InvalidDataException($"{path}: it is a database of another program.");
        if (version > Version)
        {
            throw new InvalidDataException(
                $"{path}: it was written by a later version (format {version}); this program reads format {Version}.");
        }
        if (!check)
            return;
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "PRAGMA quick_check(1)";
        if (command.ExecuteScalar() is not "ok" and var complaint)
            throw new InvalidDataException($"{path}: it is damaged: {complaint}");
    }

    private static Exception Translate(string path, string what, SqliteException e) => e.SqliteErrorCode switch
    {
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED => new IOException($"{path}: {what}: another process is using it.", e),
        raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => new InvalidDataException($"{path}: it is damaged: {e.Message}", e),
        _ => new IOException($"{path}: {what}: {e.Message}", e),
    };

    private static void Execute(SqliteConnection connection, string text)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = text;
        command.ExecuteNonQuery();
    }

    private static long Number(SqliteConnection connection, string text)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = text;
        return (long)command.ExecuteScalar()!;
    }

    private static void Run(SqliteCommand command, params ReadOnlySpan<object> values)
    {
        for (int i = 0; i < values.Length; i++)
            command.Parameters[i].Value = values[i];
        command.ExecuteNonQuery();
    }

    private static long Checksum(string name, long sequence, ReadOnlySpan<byte> content)
    {
        uint state = Crc32C.Update(Crc32C.Start, Encoding.UTF8.GetBytes(name));
        return Crc32C.Finish(Crc32C.Update(Crc32C.Update(state, BitConverter.GetBytes(sequence)), content));
    }

    private void Verify(long computed, long stored, string what)
    {
        if (computed != stored)
            throw new InvalidDataException($"{_path}: {what}: its checksum is wrong.");
    }

    private T Guard<T>(string what, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (SqliteException e)
        {
            throw Translate(_path, what, e);
        }
    }

    private void RollBack()
    {
        // SQLite has rolled back by itself after some errors, a full disk among them.
        if (raw.sqlite3_get_autocommit(_connection.Handle) == 0)
            Execute(_connection, "ROLLBACK");
    }

    private SqliteCommand Command(string text)
    {
        SqliteCommand command = _connection.CreateCommand();
        command.CommandText = text;
        foreach (string word in text.Split(' ', ',', '(', ')'))
        {
            if (word.StartsWith('$'))
                command.Parameters.Add(new SqliteParameter { ParameterName = word });
        }
        return command;
    }
}
