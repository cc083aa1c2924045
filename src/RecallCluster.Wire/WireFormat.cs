using MessagePack;

namespace RecallCluster.Wire;

/// <summary>How contracts become bytes: MessagePack with numbered fields. Readers pass over fields that they do not know.</summary>
public static class WireFormat
{
    /// <summary>Options for all contracts; what is read may come from anybody.</summary>
    public static MessagePackSerializerOptions Options { get; } =
        MessagePackSerializerOptions.Standard.WithSecurity(MessagePackSecurity.UntrustedData);
}
