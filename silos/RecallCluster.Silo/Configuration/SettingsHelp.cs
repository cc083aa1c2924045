namespace RecallCluster.Silo.Configuration;

/// <summary>What can be set, in words.</summary>
internal static class SettingsHelp
{
    public const string Text = """
        A silo of a RecallCluster.

          recall silo -- --section:key=value ...        runs one
          recall silo -- import FILE --cluster:redis=…  lets a new cluster begin with the state file of an embedded edition
          recall silo -- export FILE --cluster:redis=…  writes the state of a cluster whose silos are stopped as such a file

        Settings come from --config FILE (JSON), then from the environment (RECALL_SILO_cluster__id=...), then from the command line
        (--cluster:id=...); later ones win.

          cluster:id                 the cluster's id                                                     recall
          cluster:service            the service's id; what is stored belongs to it                       recall
          cluster:clustering         redis, or localhost: one machine, nothing is kept                    redis
          cluster:redis              connection string of Redis                                           127.0.0.1:6379
          cluster:redisWaitSeconds   how long a start waits for Redis                                     60
          cluster:primary            with localhost clustering, where the first silo is                   none: this is the first
          silo:name                  the silo's name, the same in each of its lives                       HOST-PORT
          silo:roles                 of gateway, retrieval, control, gpu; or door alone: a front door and
                                     no silo, answered for by the gateways; the market is all it reads    gateway,retrieval,control
          silo:address               where other silos reach it                                           127.0.0.1
          silo:port                  port for silos                                                       11111
          silo:gatewayPort           port for doors in processes of their own (role gateway)              30000
          silo:listenOnAny           listen on all interfaces                                             false
          silo:shardMemoryMiB        most memory that shards may take                                     two thirds of what there is
          silo:replicas              replicas of each shard, if this silo is the first to roll an index out  2
          silo:searches              searches of its shards that run at once; others wait in order        as many as processors
          silo:noticeSeconds         time between not ready and the door's closing when it stops          2
          silo:drainSeconds          how long a graceful stop may take                                    25
          silo:parent                number of the process that started it, with which it ends            none
          directories:market, :model, :index, :data
                                     the market, the model, the index, the data set of the users          none
          directories:versions       further versions of model and index, each in a folder with both       none
          rollout:requests           live requests that a new version is compared on                      200
          rollout:share              share of the requests that are compared                              0.1
          rollout:leastValue, :mostValue
                                     value that it finds, to that of the running version                  0.8, 1.5
          rollout:leastOverlap       share of the running version's ads that it finds too                 0.02
          rollout:mostLatency        time of its answers, to that of the running version                  2
          rollout:latencyAllowanceSeconds
                                     how much longer they may take on average, whatever the ratio         0.002
          rollout:mostFailures       share of the requests that it does not answer in full                0.01
          rollout:patienceSeconds    how long loading, and then the comparison, may take                  600
          rollout:trialUsers, :leastTrialRecall
                                     users that each shard is tried with, share that must be found        8, 0.5
          rollout:calibratorImpressions, :calibratorClicks
                                     what new calibrators are judged by; 0 and 0 for nothing              2000, 200
          rollout:mostCalibratorLogLoss
                                     log loss of new calibrators, to that of the running one              1.005
          rollout:mostCalibratorPcocError
                                     how far their PCOC may be off: 0.25 allows 0.8 to 1.25               0.25
          rollout:calibratorPatienceSeconds
                                     how long they may wait for clicks, by the business clock             86400
          rollout:actorCampaigns, :actorAuctions
                                     campaigns and sampled auctions that new actors are tried on          1, 500
          rollout:leastActorScore    score of new actors, to that of the running ones                     0.97
          rollout:mostActorBreachIncrease
                                     by how much more they may break KPIs, relative to the limits         0.02
          rollout:actorPatienceSeconds
                                     how long they may wait for auctions, by the business clock           86400
          gpu:scorer                 where shards are scored (role gpu): cuda:N, cuda-walk:N, torch-cpu    cuda:0
          gpu:precision              fp32, bf16 or fp16                                                   fp32
          gpu:module                 TorchScript module that scores in place of the reference model       none
          gpu:memoryMiB              most of the device's memory for one shard's tables                   what there is
          gpu:lossFile               notes a lost device for the next life, which leaves it alone         in the temporary directory
          gpu:restSeconds            for so long; 0 tries it again at once                                600
          http:door                  where the front door listens (role gateway or door)                  http://127.0.0.1:8080
          http:publicUrl             how clients reach the door                                           from each request
          http:keys                  file of API keys                                                     none: loopback may do all
          http:tokenKeys             file of the keys of tracking tokens, the same for all doors          none: kept in Redis
          http:latencySeconds        latency that the door keeps; where it cannot, fewer are let in       0.025
          http:queue, http:queueSeconds
                                     requests that may wait for their turn, and the longest wait          64, 0.01
          http:health                where /healthz, /readyz and /metrics are                             http://127.0.0.1:8081
          tls:certificate, tls:key, tls:authority, tls:name
                                     mutual TLS between silos (PEM files, DNS name of the certificates)   none, recall-silo
          membership:probeSeconds    time between two probes of another silo                              1
          membership:missedProbes    probes that must fail before a silo votes that another is dead       3
          membership:votes           votes that declare it dead                                           2
          clock:speed, clock:realOrigin, clock:businessOrigin
                                     the business clock: seconds that pass in a real one, a moment
                                     of real time and the business time of that moment                    real time
          grains:idleSeconds         grains that nobody called for so long are put away                   900
          grains:responseSeconds     a call between grains that takes longer has failed                   10
          grains:feedbackSeconds     how long a door waits for an event's campaign; then the event is
                                     accepted without an outcome, and delivered from the stream           2

        Exit codes: 0 stopped as told, 1 failed, 2 a setting makes no sense.
        """;
}
