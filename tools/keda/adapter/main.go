// The adapter serves external.metrics.k8s.io, as KEDA's own does, with KEDA's own provider. KEDA's program also serves its
// own metrics, over plain HTTP on every address of the machine and without a way to say otherwise; this one does not.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	grpcprom "github.com/grpc-ecosystem/go-grpc-middleware/providers/prometheus"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	basecmd "sigs.k8s.io/custom-metrics-apiserver/pkg/cmd"

	kedav1alpha1 "github.com/kedacore/keda/v2/apis/keda/v1alpha1"
	"github.com/kedacore/keda/v2/pkg/metricsservice"
	kedaprovider "github.com/kedacore/keda/v2/pkg/provider"
)

func main() {
	ctrl.SetLogger(zap.New())
	if err := run(ctrl.SetupSignalHandler()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	adapter := &basecmd.AdapterBase{Name: "keda-adapter"}
	var operator string
	adapter.Flags().StringVar(&operator, "metrics-service-address", "", "the operator's metrics service")
	adapter.Flags().AddGoFlagSet(flag.CommandLine)
	if err := adapter.Flags().Parse(os.Args); err != nil {
		return err
	}
	scheme := clientgoscheme.Scheme
	if err := kedav1alpha1.AddToScheme(scheme); err != nil {
		return err
	}
	config, err := ctrl.GetConfig()
	if err != nil {
		return err
	}
	manager, err := ctrl.NewManager(config, ctrl.Options{Scheme: scheme, Metrics: server.Options{BindAddress: "0"}})
	if err != nil {
		return err
	}
	certificates := adapter.SecureServing.ServerCert.CertDirectory
	metrics := grpcprom.NewClientMetrics()
	client, err := metricsservice.NewGrpcClient(ctx, operator, certificates, "", "", metrics, false)
	if err != nil {
		return err
	}
	go func() {
		if err := manager.Start(ctx); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}()
	adapter.WithExternalMetrics(kedaprovider.NewProvider(ctx, ctrl.Log.WithName("adapter"), manager.GetClient(), *client))
	return adapter.Run(ctx)
}
