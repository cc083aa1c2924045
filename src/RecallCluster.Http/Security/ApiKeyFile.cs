using System.Globalization;

namespace RecallCluster.Http.Security;

/// <summary>
/// The API keys of a door, in a text file that only its owner can read. A line is "id roles requests-per-second hash note", with "-" for
/// the door's own limit; behind the rate, after a slash, may stand how many requests may be under way at once:
/// <code>
/// 0f3a9c21d4be serve,events 500 9f86d0818… the news site
/// 7b01aa02c4d8 serve 500/20 2c26b46b6… an exchange
/// </code>
/// </summary>
public sealed class ApiKeyFile
{
    private volatile Dictionary<string, ApiKey> _keys;

    /// <summary>These keys.</summary>
    /// <exception cref="ArgumentException">Two have one id.</exception>
    public ApiKeyFile(IEnumerable<ApiKey> keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        _keys = keys.ToDictionary(key => key.Id, StringComparer.Ordinal);
    }

    /// <summary>The keys.</summary>
    public IReadOnlyCollection<ApiKey> Keys => _keys.Values;

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidDataException">It is broken; the message names the line.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static ApiKeyFile Load(string path)
    {
        var keys = new List<ApiKey>();
        foreach ((int number, string line) in SecretFile.ReadLines(path))
        {
            try
            {
                ApiKey key = Parse(line);
                if (keys.Exists(k => k.Id == key.Id))
                    throw new FormatException($"Key {key.Id} is there twice.");
                keys.Add(key);
            }
            catch (Exception e) when (e is FormatException or ArgumentException or OverflowException)
            {
                throw new InvalidDataException($"{path}, line {number}: {e.Message}", e);
            }
        }
        return new ApiKeyFile(keys);
    }

    /// <summary>Writes the file.</summary>
    /// <exception cref="IOException">It could not be written; what was there is as before.</exception>
    public void Save(string path) => SecretFile.Write(
        path, ["# API keys: id roles requests-per-second[/at-once] sha256 note", .. _keys.Values.OrderBy(k => k.Id, StringComparer.Ordinal)
            .Select(Format)]);

    /// <summary>Makes a key and adds it to a file, which is created where it is missing.</summary>
    /// <param name="path">The file.</param>
    /// <param name="roles">What the key allows.</param>
    /// <param name="requestsPerSecond">Its own limit, or null.</param>
    /// <param name="note">What it is for; one line.</param>
    /// <param name="maxConcurrent">Requests that may be under way at once, or null for any number.</param>
    /// <returns>The key itself, to be shown once.</returns>
    public static string AddNew(string path, ApiRoles roles, int? requestsPerSecond = null, string note = "", int? maxConcurrent = null)
    {
        ArgumentNullException.ThrowIfNull(note);
        IEnumerable<ApiKey> keys = File.Exists(path) ? Load(path).Keys : [];
        ApiKey key = ApiKey.Create(roles, out string text)
            with
        { RequestsPerSecond = requestsPerSecond, MaxConcurrent = maxConcurrent, Note = note.ReplaceLineEndings(" ").Trim() };
        new ApiKeyFile(keys.Append(key)).Save(path);
        return text;
    }

    /// <summary>Removes a key from a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="id">The key's id.</param>
    /// <returns>Whether it was there.</returns>
    public static bool Revoke(string path, string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        IReadOnlyCollection<ApiKey> keys = Load(path).Keys;
        ApiKey[] left = [.. keys.Where(key => key.Id != id)];
        if (left.Length == keys.Count)
            return false;
        new ApiKeyFile(left).Save(path);
        return true;
    }

    /// <summary>Takes over the keys of another file; who asks from now on is asked for one of those.</summary>
    internal void Take(ApiKeyFile other) => _keys = other._keys;

    /// <summary>
    /// The key of a text; null where there is none. Whether the id or the secret was wrong cannot be told from the time it takes.
    /// </summary>
    public ApiKey? Find(ReadOnlySpan<char> text)
    {
        if (ApiKey.IdOf(text) is not { } id)
            return null;
        bool known = _keys.TryGetValue(id, out ApiKey? key);
        return (key ?? Decoy).Matches(text) && known ? key : null;
    }

    // Stands in for a key that is not there; no text has a hash of zeros.
    private static readonly ApiKey Decoy = new(new string('0', 12), ApiRoles.Serve, new byte[32]);

    private static ApiKey Parse(string line)
    {
        string[] parts = line.Split(' ', 5, StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length < 4)
            throw new FormatException("Wants id, roles, requests a second (or -) and hash.");
        string[] limits = parts[2].Split('/');
        int? rate = LimitOf(limits[0]), atOnce = limits.Length > 1 ? LimitOf(limits[1]) : null;
        if (limits.Length > 2 || rate == 0 || atOnce == 0)
            throw new FormatException("A key is allowed at least one request a second, and one at once: \"500\", \"500/20\" or \"-\".");
        return new ApiKey(parts[0], ApiRoleNames.Parse(parts[1]), Convert.FromHexString(parts[3]))
        {
            RequestsPerSecond = rate,
            MaxConcurrent = atOnce,
            Note = parts.Length > 4 ? parts[4] : "",
        };
    }

    private static int? LimitOf(string text) => text == "-" ? null : int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

    private static string Format(ApiKey key)
    {
        string limit = (key.RequestsPerSecond?.ToString(CultureInfo.InvariantCulture) ?? "-")
            + (key.MaxConcurrent is { } atOnce ? string.Create(CultureInfo.InvariantCulture, $"/{atOnce}") : "");
        return $"{key.Id} {ApiRoleNames.Format(key.Roles)} {limit} {Convert.ToHexStringLower(key.Hash)} {key.Note}";
    }
}
