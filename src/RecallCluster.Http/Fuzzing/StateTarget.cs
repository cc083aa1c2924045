using System.Text;
using RecallCluster.Bidding.Money;
using RecallCluster.Numerics;

namespace RecallCluster.Http.Fuzzing;

/// <summary>State files of campaigns' books: read, checked, and opened; a broken one is refused, never half-opened.</summary>
internal sealed class StateTarget : IFuzzTarget
{
    private readonly JsonMutator _mutator = new([.. FuzzSeeds.States.Select(Encoding.UTF8.GetString)]);

    public string Name => "state";

    public byte[] Next(SeededRandom random) => _mutator.NextOrSameShape(random);

    public bool Accepts(byte[] input)
    {
        try
        {
            var ledger = new CampaignLedger(MoneyFormat.ReadCampaignState(input));
            MoneyFormat.ToBytes(ledger.ToState());
            return true;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }
}
