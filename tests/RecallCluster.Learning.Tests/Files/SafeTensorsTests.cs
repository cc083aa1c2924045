using System.Buffers.Binary;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Files;
using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Tests.Files;

/// <summary>The safetensors format: what is written comes back, and each way of being broken is named.</summary>
public sealed class SafeTensorsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("safetensors").FullName;

    private string PathOf(string name) => Path.Combine(_folder, name);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Random_files_come_back_as_they_were_written()
    {
        Prop.ForAll<int, string>((seed, text) =>
        {
            // Lone surrogates have no UTF-8 form.
            text = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text ?? ""));
            var random = new SeededRandom((ulong)seed);
            Shape[] shapes = [.. Enumerable.Range(0, random.NextInt(6)).Select(_ => RandomShape(random))];
            Tensor[] tensors = [.. shapes.Select(shape => RandomBits(random, shape))];
            var writer = new SafeTensorsWriter();
            writer.SetMetadata("note", text);
            for (int i = 0; i < tensors.Length; i++)
                writer.Add($"{text}/{i}", tensors[i]);
            long[] integers = [long.MinValue, -1, 0, seed, long.MaxValue];
            writer.Add("integers", integers, 5);
            writer.Add("small integers", new[] { int.MinValue, -1, seed }, 3, 1);
            writer.Add("bytes", new byte[] { 0, 255 }, 2);
            writer.Save(PathOf("random"));

            using SafeTensorsFile file = SafeTensorsFile.Open(PathOf("random"));
            Assert.Equal(text, file.Metadata["note"]);
            for (int i = 0; i < tensors.Length; i++)
            {
                Tensor read = file.ReadTensor($"{text}/{i}");
                Assert.Equal(shapes[i], read.Shape);
                Assert.Equal(Bits(tensors[i].Values), Bits(read.Values));
            }
            Assert.Equal(integers, file.ReadIntegers("integers"));
            Assert.Equal([int.MinValue, -1, seed], file.ReadIntegers("small integers"));
            Assert.Equal([0, 255], file.ReadIntegers("bytes"));
            Assert.Equal([0f, 255f], file.ReadSingles("bytes"));
            return file.Entries.Count == tensors.Length + 3;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(60));
    }

    [Fact]
    public void Halves_are_rounded_to_nearest_even_and_keep_what_is_exact()
    {
        float[] exact = [0, -0f, 1, -1.5f, 0.15625f, float.PositiveInfinity, float.NegativeInfinity];
        float[] rounded = [1 + (1f / 512), 1 + (3f / 512), -3.1415927f];
        var writer = new SafeTensorsWriter();
        foreach (SafeTensorType type in new[] { SafeTensorType.F16, SafeTensorType.BF16 })
        {
            writer.Add($"exact {type}", Tensor.From(exact, new Shape(exact.Length)), type);
            writer.Add($"rounded {type}", Tensor.From(rounded, new Shape(rounded.Length)), type);
        }
        writer.Add("nan", Tensor.From([float.NaN], new Shape(1)), SafeTensorType.BF16);
        writer.Save(PathOf("halves"));
        using SafeTensorsFile file = SafeTensorsFile.Open(PathOf("halves"));
        Assert.Equal(exact, file.ReadSingles("exact F16"));
        Assert.Equal(exact, file.ReadSingles("exact BF16"));
        Assert.Equal([.. rounded.Select(value => (float)(Half)value)], file.ReadSingles("rounded F16"));
        // Eight significant bits: steps of 1/128 above 1, ties to even.
        Assert.Equal([1f, 1 + (1f / 128), -3.140625f], file.ReadSingles("rounded BF16"));
        Assert.True(float.IsNaN(file.ReadSingles("nan")[0]));
    }

    [Fact]
    public void A_file_written_by_another_program_is_read()
    {
        using SafeTensorsFile file = SafeTensorsFile.Open(Golden.GoldenFile.PathOf("types.safetensors"));
        Assert.Equal("by hand", file.Metadata["made"]);
        Assert.Equal([0.5f, -1.25f, 3f], file.ReadSingles("f32"));
        Assert.Equal([0.5f, -1.25f, 3f], file.ReadSingles("f16"));
        Assert.Equal([0.5f, -1.25f, 3f], file.ReadSingles("bf16"));
        Assert.Equal([0.5f, -1.25f, 3f], file.ReadSingles("f64"));
        Assert.Equal([-2, 0, 70000], file.ReadIntegers("i32"));
        Assert.Equal([-2, 0, 1L << 40], file.ReadIntegers("i64"));
        Assert.Equal([-2, 0, 300], file.ReadIntegers("i16"));
        Assert.Equal([-2, 0, 127], file.ReadIntegers("i8"));
        Assert.Equal([0, 128, 255], file.ReadIntegers("u8"));
        Assert.Equal([1, 0, 1], file.ReadIntegers("bool"));
        Assert.Equal(Shape.Scalar, file.ReadTensor("scalar").Shape);
        Assert.Equal(7, file.ReadTensor("scalar").Item());
        Assert.Equal(new Shape(2, 0), file.ReadTensor("empty").Shape);
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 4, "'a' ends at byte 8")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 9, "1 bytes follow the last tensor")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4, "'a' spans bytes 0 to 4")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[8,4]}}""", 8, "'a' spans bytes 8 to 4")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8,
        "'b' overlaps tensor 'a'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "4 bytes before tensor 'a'")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8,
        "'a' is declared twice")]
    [InlineData("""{"a":{"dtype":"F128","shape":[1],"data_offsets":[0,16]}}""", 16, "'a' has dtype 'F128'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4, "'a', shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""", 4, "'a', shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4000000000,4000000000],"data_offsets":[0,4]}}""", 4, "'a' has an impossible shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}""", 4, "'a' has 3 data_offsets")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1]}}""", 4, "'a' wants dtype, shape and data_offsets")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}""", 4, "'a' has 'shape' twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":1}}""", 4, "unknown field 'more'")]
    [InlineData("""{"a":7}""", 0, "'a' wants a JSON StartObject")]
    [InlineData("""{"__metadata__":{"k":1}}""", 0, "__metadata__ 'k'")]
    [InlineData("""{"__metadata__":{"k":"1","k":"2"}}""", 0, "'k' twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}} x""", 4, "not valid JSON")]
    [InlineData("""{"a":{"dtype":"F32","sha""", 4, "not valid JSON")]
    [InlineData("""[1]""", 0, "does not begin with '{'")]
    [InlineData("", 0, "does not begin with '{'")]
    public void A_broken_header_is_refused_by_name(string json, int dataLength, string complaint)
    {
        string path = WriteRaw(Encoding.UTF8.GetBytes(json), dataLength);
        InvalidDataException exception = Assert.Throws<InvalidDataException>(() => SafeTensorsFile.Open(path).Dispose());
        Assert.Contains(complaint, exception.Message, StringComparison.Ordinal);
        Assert.Contains(path, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_truncation_is_noticed()
    {
        var writer = new SafeTensorsWriter();
        writer.Add("a", RandomBits(new SeededRandom(1), new Shape(3)));
        writer.Save(PathOf("whole"));
        byte[] whole = File.ReadAllBytes(PathOf("whole"));
        for (int length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(PathOf("cut"), whole[..length]);
            Assert.Throws<InvalidDataException>(() => SafeTensorsFile.Open(PathOf("cut")).Dispose());
        }
    }

    [Fact]
    public void Every_damaged_value_is_noticed_when_the_file_is_opened()
    {
        var writer = new SafeTensorsWriter();
        writer.Add("a", RandomBits(new SeededRandom(2), new Shape(5)));
        writer.Add("b", new byte[] { 1, 2, 3 }, 3);
        writer.Save(PathOf("whole"));
        byte[] whole = File.ReadAllBytes(PathOf("whole"));
        for (int place = whole.Length - (5 * sizeof(float)) - 3; place < whole.Length; place++)
        {
            byte[] damaged = [.. whole];
            damaged[place] ^= 0x10;
            File.WriteAllBytes(PathOf("damaged"), damaged);
            InvalidDataException exception = Assert.Throws<InvalidDataException>(() => SafeTensorsFile.Open(PathOf("damaged")).Dispose());
            Assert.Contains("checksum", exception.Message, StringComparison.Ordinal);
            Assert.Contains(PathOf("damaged"), exception.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_header_beyond_the_limit_is_refused_without_reading_it()
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, ulong.MaxValue - 3);
        File.WriteAllBytes(PathOf("huge"), bytes);
        InvalidDataException exception = Assert.Throws<InvalidDataException>(() => SafeTensorsFile.Open(PathOf("huge")).Dispose());
        Assert.Contains("beyond the limit", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Misuse_is_refused_by_name()
    {
        var writer = new SafeTensorsWriter();
        writer.Add("a", Tensor.Zeros(new Shape(2)));
        Assert.Contains(
            "'a' is taken", Assert.Throws<ArgumentException>(() => writer.Add("a", new int[1], 1)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => writer.Add("__metadata__", new int[1], 1));
        Assert.Throws<ArgumentException>(() => writer.Add("b", new int[3], 2, 2));
        writer.Save(PathOf("misuse"));
        using SafeTensorsFile file = SafeTensorsFile.Open(PathOf("misuse"));
        Assert.Contains("'b'", Assert.Throws<InvalidDataException>(() => file.ReadSingles("b")).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => file.ReadIntegers("a"));
        Assert.Throws<InvalidDataException>(() => file.Read("a", new float[3]));
    }

    [Fact]
    public void Parameters_that_do_not_fit_leave_the_model_as_it_was()
    {
        Parameter[] model = [new("w", Tensor.From([1, 2], new Shape(2))), new("b", Tensor.From([3], new Shape(1)))];
        ParameterFile.Save(PathOf("model"), model, new Dictionary<string, string> { ["kind"] = "test" });
        Parameter[] Other(string name, Shape shape) => [new("w", Tensor.Zeros(new Shape(2))), new(name, Tensor.Zeros(shape))];
        using SafeTensorsFile file = SafeTensorsFile.Open(PathOf("model"));
        Assert.Equal("test", file.Metadata["kind"]);

        Parameter[] wrongShape = Other("b", new Shape(1, 1));
        Parameter[] wrongName = Other("c", new Shape(1));
        Assert.Contains(
            "'b'", Assert.Throws<InvalidDataException>(() => ParameterFile.Load(file, wrongShape)).Message, StringComparison.Ordinal);
        Assert.Contains(
            "'c'", Assert.Throws<InvalidDataException>(() => ParameterFile.Load(file, wrongName)).Message, StringComparison.Ordinal);
        Assert.Contains(
            "'b'", Assert.Throws<InvalidDataException>(() => ParameterFile.Load(file, model[..1])).Message, StringComparison.Ordinal);
        Assert.All(wrongShape, parameter => Assert.True(parameter.Value.Values.IndexOfAnyExcept(0f) < 0));

        Parameter[] fitting = Other("b", new Shape(1));
        ParameterFile.Load(file, fitting);
        Assert.Equal([1f, 2f], fitting[0].Value.Values.ToArray());
        Assert.Equal([3f], fitting[1].Value.Values.ToArray());
    }

    private string WriteRaw(byte[] json, int dataLength)
    {
        var bytes = new byte[8 + json.Length + dataLength];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)json.Length);
        json.CopyTo(bytes, 8);
        string path = PathOf("broken.safetensors");
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private static Shape RandomShape(SeededRandom random)
    {
        var extents = new int[random.NextInt(Shape.MaxRank + 1)];
        for (int axis = 0; axis < extents.Length; axis++)
            extents[axis] = random.NextInt(5);
        return new Shape(extents);
    }

    // Any bit pattern, NaN with payload included.
    private static Tensor RandomBits(SeededRandom random, Shape shape)
    {
        Tensor tensor = Tensor.Zeros(shape);
        foreach (ref float value in tensor.Values)
            value = BitConverter.UInt32BitsToSingle((uint)random.NextUInt64());
        return tensor;
    }

    private static uint[] Bits(ReadOnlySpan<float> values)
    {
        var bits = new uint[values.Length];
        for (int i = 0; i < bits.Length; i++)
            bits[i] = BitConverter.SingleToUInt32Bits(values[i]);
        return bits;
    }
}
