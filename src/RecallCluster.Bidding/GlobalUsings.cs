// System.Numerics.Tensors has a Tensor too.
global using Tensor = RecallCluster.Learning.Tensors.Tensor;
