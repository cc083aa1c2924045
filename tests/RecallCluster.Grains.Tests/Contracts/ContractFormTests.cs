using System.Buffers;
using System.Text.Json;
using MessagePack;
using RecallCluster.Testing;
using RecallCluster.Wire;

namespace RecallCluster.Grains.Tests.Contracts;

/// <summary>
/// The contracts in MessagePack against tests/golden/formats: silos and doors of other versions, logs and snapshots have these bytes.
/// </summary>
public sealed class ContractFormTests
{
    private static readonly GoldenForms Golden = GoldenForms.Read("contracts.txt");

    public static TheoryData<string> Contracts => [.. ContractSample.Contracts.Keys];

    [Fact]
    public void There_is_a_form_of_every_contract_and_of_nothing_else() =>
        Assert.Equal(ContractSample.Contracts.Keys, Golden.Names.Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Contracts))]
    public void It_is_written_as_it_was_and_what_was_written_is_read(string name)
    {
        Type contract = ContractSample.Contracts[name];
        object sample = ContractSample.Of(contract);

        byte[] form = Golden.Today(name, Write(contract, sample));

        Assert.Equal(Text(sample), Text(Read(contract, form)));
    }

    [Theory]
    [MemberData(nameof(Contracts))]
    public void What_programs_before_wrote_is_read_whole(string name)
    {
        Type contract = ContractSample.Contracts[name];

        foreach (byte[] form in Golden.Of(name))
            AssertHolds(form, Write(contract, Read(contract, form)));
    }

    [Theory]
    [MemberData(nameof(Contracts))]
    public void One_of_before_its_last_field_is_read_too(string name)
    {
        Type contract = ContractSample.Contracts[name];
        byte[] shorter = WithoutLast(Golden.Of(name)[^1]);

        AssertHolds(shorter, Write(contract, Read(contract, shorter)));
    }

    [Theory]
    [MemberData(nameof(Contracts))]
    public void Fields_of_a_later_program_are_passed_over(string name)
    {
        Type contract = ContractSample.Contracts[name];

        object read = Read(contract, WithMore(Golden.Of(name)[^1]));

        Assert.Equal(Text(ContractSample.Of(contract)), Text(read));
    }

    private static byte[] Write(Type contract, object value) => MessagePackSerializer.Serialize(contract, value, WireFormat.Options);

    private static object Read(Type contract, byte[] bytes) => MessagePackSerializer.Deserialize(contract, bytes, WireFormat.Options)!;

    private static string Text(object value) => JsonSerializer.Serialize(value);

    private static byte[] WithMore(byte[] form)
    {
        var reader = new MessagePackReader(form);
        int fields = reader.ReadArrayHeader();
        var bytes = new ArrayBufferWriter<byte>();
        var writer = new MessagePackWriter(bytes);
        writer.WriteArrayHeader(fields + 2);
        writer.WriteRaw(form.AsSpan((int)reader.Consumed));
        writer.Write("later");
        writer.WriteMapHeader(1);
        writer.Write(7);
        writer.WriteArrayHeader(1);
        writer.WriteNil();
        writer.Flush();
        return bytes.WrittenSpan.ToArray();
    }

    private static byte[] WithoutLast(byte[] form)
    {
        var reader = new MessagePackReader(form);
        int fields = reader.ReadArrayHeader(), start = (int)reader.Consumed;
        for (int i = 1; i < fields; i++)
            reader.Skip();
        var bytes = new ArrayBufferWriter<byte>();
        var writer = new MessagePackWriter(bytes);
        writer.WriteArrayHeader(fields - 1);
        writer.WriteRaw(form.AsSpan(start..(int)reader.Consumed));
        writer.Flush();
        return bytes.WrittenSpan.ToArray();
    }

    /// <summary>Fails unless all that is in the one form is in the other, where messages may have further fields.</summary>
    private static void AssertHolds(byte[] before, byte[] after)
    {
        using JsonDocument less = JsonDocument.Parse(MessagePackSerializer.ConvertToJson(before));
        using JsonDocument more = JsonDocument.Parse(MessagePackSerializer.ConvertToJson(after));
        AssertHolds(less.RootElement, more.RootElement);
    }

    private static void AssertHolds(JsonElement less, JsonElement more)
    {
        Assert.Equal(less.ValueKind, more.ValueKind);
        switch (less.ValueKind)
        {
            case JsonValueKind.Array:
                Assert.True(less.GetArrayLength() <= more.GetArrayLength());
                for (int i = 0; i < less.GetArrayLength(); i++)
                    AssertHolds(less[i], more[i]);
                break;
            case JsonValueKind.Object:
                foreach (JsonProperty entry in less.EnumerateObject())
                    AssertHolds(entry.Value, more.GetProperty(entry.Name));
                break;
            default:
                Assert.Equal(less.GetRawText(), more.GetRawText());
                break;
        }
    }
}
