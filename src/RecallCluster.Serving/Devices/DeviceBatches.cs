using System.Text.Json;
using System.Text.Json.Serialization;

namespace RecallCluster.Serving.Devices;

/// <summary>
/// How concurrent requests become calls of a device: in batches of fixed shapes, so that after the warm-up nothing is compiled or allocated
/// there. It may ship with a model, as <c>device.json</c> in its directory.
/// </summary>
/// <remarks>
/// A batch is whatever came while the one before was computed, up to the limits; it is padded to the next shape, and the answers are cut
/// out of it.
/// </remarks>
public sealed record DeviceBatches
{
    // By reflection: generated code would take numbers that a file does not name for 0.
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
    };

    /// <summary>Name of the file in a model's directory.</summary>
    public const string FileName = "device.json";

    /// <summary>Shapes for the processor, which gains nothing from large batches.</summary>
    public static DeviceBatches OfProcessor { get; } = new() { Requests = [1, 2, 4, 8], Ads = [64, 512, 4_096], MostPlaces = 1 << 14 };

    /// <summary>Shapes in requests, rising; the last is the most requests of a batch.</summary>
    public IReadOnlyList<int> Requests { get; init; } = [1, 2, 4, 8, 16, 32, 64];

    /// <summary>Shapes in ads a request, rising; requests for more are taken in pieces of the last.</summary>
    public IReadOnlyList<int> Ads { get; init; } = [64, 256, 1_024, 4_096, 16_384];

    /// <summary>Most places of a batch, requests times ads: bounds what a call takes of the device's memory.</summary>
    public int MostPlaces { get; init; } = 1 << 18;

    /// <summary>Batches under way at once: while one is computed, another is packed.</summary>
    public int Workers { get; init; } = 2;

    /// <summary>
    /// Milliseconds that a batch waits at most while it has less than half as many requests as the one before; 0 takes what is there.
    /// </summary>
    public int WaitMilliseconds { get; init; } = 1;

    /// <summary>Requests that may wait; whoever comes then waits for a place, which slows the callers down.</summary>
    public int Queue { get; init; } = 256;

    /// <summary>
    /// Most ads that a hop of a walk on the device scores for a request; null for as many as the hop may meet, which is what the walk on
    /// the host does. With fewer, what does not fit is met by a later hop: less padding is computed, in more hops.
    /// </summary>
    public int? PlacesPerHop { get; init; }

    /// <summary>The shapes that ship with a model; the place's defaults where none do.</summary>
    /// <param name="modelDirectory">The model's directory.</param>
    /// <param name="place">Where ads are scored.</param>
    /// <exception cref="InvalidDataException">The file is broken, or a number makes no sense; the message names it.</exception>
    public static DeviceBatches Of(string modelDirectory, ScorerPlace place = ScorerPlace.Cuda)
    {
        ArgumentException.ThrowIfNullOrEmpty(modelDirectory);
        string path = Path.Combine(modelDirectory, FileName);
        if (!File.Exists(path))
            return For(place);
        try
        {
            DeviceBatches batches = JsonSerializer.Deserialize<DeviceBatches>(File.ReadAllBytes(path), Json)
                ?? throw new InvalidDataException($"{path}: is null.");
            batches.Validate();
            return batches;
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path}, line {e.LineNumber + 1}, {e.Path}: {e.Message}", e);
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>The default shapes of a place.</summary>
    public static DeviceBatches For(ScorerPlace place) => place == ScorerPlace.Cuda ? new DeviceBatches() : OfProcessor;

    /// <summary>The smallest shape of <paramref name="shapes"/> that holds <paramref name="count"/>; the largest where none does.</summary>
    public static int ShapeOf(IReadOnlyList<int> shapes, int count)
    {
        ArgumentNullException.ThrowIfNull(shapes);
        foreach (int shape in shapes)
        {
            if (shape >= count)
                return shape;
        }
        return shapes[^1];
    }

    /// <summary>Checks that every number makes sense.</summary>
    /// <exception cref="ArgumentException">One does not; the message names it.</exception>
    public void Validate()
    {
        RequireRising(Requests, nameof(Requests));
        RequireRising(Ads, nameof(Ads));
        // One request at least must fit, as the smallest shape that holds it.
        if (MostPlaces < (long)Requests[0] * Ads[^1])
        {
            throw new ArgumentException(
                $"{nameof(MostPlaces)} is {MostPlaces}: want at least {(long)Requests[0] * Ads[^1]}, {nameof(Requests)}[0] x the last of "
                + $"{nameof(Ads)}.", nameof(MostPlaces));
        }
        ArgumentOutOfRangeException.ThrowIfLessThan(Workers, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Workers, 16);
        ArgumentOutOfRangeException.ThrowIfNegative(WaitMilliseconds);
        ArgumentOutOfRangeException.ThrowIfLessThan(Queue, 1);
        if (PlacesPerHop < 1)
            throw new ArgumentException($"{nameof(PlacesPerHop)} is {PlacesPerHop}: want at least 1, or none.", nameof(PlacesPerHop));
    }

    private static void RequireRising(IReadOnlyList<int> shapes, string name)
    {
        if (shapes is not { Count: > 0 } || shapes[0] < 1 || shapes.Zip(shapes.Skip(1)).Any(pair => pair.First >= pair.Second))
            throw new ArgumentException($"{name} is [{string.Join(", ", shapes ?? [])}]: want positive numbers that rise.", name);
    }
}
